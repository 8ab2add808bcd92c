import type { ErrorView } from '@/lib/services/error-view.ts'
import { ErrorNotice } from './error-notice.tsx'

/** The error of a form. What stands beside its field already is not said twice; `fields` are those that the form marks. */
export function FormError({ error, fields }: { error: ErrorView | null; fields: readonly string[] }) {
  if (!error) return null
  const wrong = Object.keys(error.fields ?? {})
  if (wrong.length === 0 || !wrong.every((field) => fields.includes(field))) return <ErrorNotice error={error} />
  return (
    <p role="alert" className="text-removed text-sm">
      Nothing was changed. Correct the {wrong.length === 1 ? 'marked field' : 'marked fields'}.
    </p>
  )
}
