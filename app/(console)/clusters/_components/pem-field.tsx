import { TextAreaField } from '@/app/_ui/field.tsx'

/** Certificates or a key, pasted in. */
export function PemField(props: { label: string; name: string; value: string; hint?: string; error?: string }) {
  const { label, name, value, hint, error } = props
  return (
    <TextAreaField
      label={label}
      name={name}
      rows={3}
      defaultValue={value}
      spellCheck={false}
      autoComplete="off"
      className="font-mono text-xs"
      hint={hint}
      error={error}
    />
  )
}
