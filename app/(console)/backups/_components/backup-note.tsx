'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextAreaField } from '@/app/_ui/field.tsx'
import { setBackupNoteAction } from '../actions.ts'

export function BackupNote({ backupId, note }: { backupId: string; note: string }) {
  const router = useRouter()
  const [text, setText] = useState(note)
  const save = useAction(setBackupNoteAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ backupId, note: text })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      {save.error && <ErrorNotice error={save.error} />}
      <TextAreaField
        label="Note"
        hideLabel
        value={text}
        onChange={(event) => setText(event.target.value)}
        rows={3}
        maxLength={500}
        placeholder="Why it was taken, what it is good for"
      />
      <div className="flex items-center gap-3">
        <GuardedButton
          action="backup.note"
          type="submit"
          size="small"
          pending={save.pending}
          disabledReason={text.trim() === note && 'The note is saved as it stands'}
        >
          Save note
        </GuardedButton>
      </div>
    </form>
  )
}
