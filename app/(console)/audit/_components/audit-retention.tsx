'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { AUDIT_MONTHS_MAX } from '@/lib/services/audit/schemas.ts'
import type { AuditRemovalPreview } from '@/lib/services/audit/views.ts'
import { previewAuditRetentionAction, setAuditRetentionAction } from '../actions.ts'

const FIELDS = ['months']

/** How long entries are kept: what would go is seen before it is said. */
export function AuditRetention({ months }: { months: number | null }) {
  const router = useRouter()
  const [typed, setTyped] = useState(months === null ? '' : String(months))
  const [preview, setPreview] = useState<AuditRemovalPreview | null>(null)
  const look = useAction(previewAuditRetentionAction, setPreview)
  const save = useAction(setAuditRetentionAction, () => {
    setPreview(null)
    router.refresh()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    look.run({ months: typed })
  }
  const error = look.error ?? save.error
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <p className="text-muted">
        {months === null
          ? 'Entries are kept for ever.'
          : `Entries are kept for ${plural(months, 'month')}; a worker removes older ones from the beginning.`}{' '}
        What is removed cannot be brought back; a signed record says up to where, so that the rest stays verifiable.
      </p>
      <FormError error={error} fields={FIELDS} />
      <TextField
        label="Keep entries for (months)"
        name="months"
        type="number"
        min={1}
        max={AUDIT_MONTHS_MAX}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setPreview(null)
        }}
        hint="Nothing keeps them for ever."
        error={error?.fields?.months}
      />
      {preview && (
        <p role="status">
          {preview.months === null || preview.before === null
            ? 'No entry is ever removed.'
            : preview.throughSequence === null
              ? `No entry is older than ${preview.before.slice(0, 10)}: nothing is removed now.`
              : `${plural(preview.entries, 'entry', 'entries')} from before ${preview.before.slice(0, 10)} (up to entry ${preview.throughSequence}) will be removed.`}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button type="submit" size="small" pending={look.pending}>
          See what would be removed
        </Button>
        <GuardedButton
          action="audit.set-retention"
          size="small"
          tone={preview && preview.entries > 0 ? 'danger' : 'primary'}
          pending={save.pending}
          disabledReason={preview ? undefined : 'see first what would be removed'}
          onClick={() => preview && save.run({ months: preview.months })}
        >
          {preview === null || preview.entries === 0
            ? 'Set the retention'
            : `Remove ${plural(preview.entries, 'entry', 'entries')} for good`}
        </GuardedButton>
      </div>
    </form>
  )
}
