import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ErrorView } from '@/lib/services/error-view.ts'

const sentence = (text: string) => {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}

/** What failed, what was not affected, what to do. An error appears in exactly one place: this one. */
export function ErrorNotice({ error, action }: { error: ErrorView; action?: ReactNode }) {
  return (
    <div
      role="alert"
      className="flex items-start gap-2.5 rounded-md border border-removed/40 bg-removed-soft px-3 py-2.5 text-sm"
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-removed" />
      <div className="min-w-0 flex-1">
        <p className="break-words font-medium">{sentence(error.message)}</p>
        {error.unaffected && (
          <p className="mt-1 break-words">
            <span className="text-muted">Not affected: </span>
            {sentence(error.unaffected)}
          </p>
        )}
        {error.remedy && (
          <p className="mt-1 break-words">
            <span className="text-muted">What to do: </span>
            {sentence(error.remedy)}
          </p>
        )}
        <p className="mt-1 text-muted text-xs">
          <code>{error.code}</code>
          {error.id && (
            <>
              {' · '}
              <code>{error.id}</code>
            </>
          )}
        </p>
      </div>
      {action}
    </div>
  )
}
