import { CopyButton } from '@/app/_ui/copy-button.tsx'

/** A transaction id: hex, monospace, with a button that copies it. */
export function Zxid({ value, what = 'zxid' }: { value: string; what?: string }) {
  return (
    <span className="inline-flex items-center gap-0.5">
      <code className="font-mono text-[0.92em]">{value}</code>
      <CopyButton text={value} what={what} />
    </span>
  )
}
