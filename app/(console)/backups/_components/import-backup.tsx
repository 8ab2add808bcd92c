'use client'

import { useQueryClient } from '@tanstack/react-query'
import { FileInput } from 'lucide-react'
import { type FormEvent, useId, useRef, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { JOBS_KEY } from '@/app/_components/use-jobs.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { controlClass, SelectField, TextField } from '@/app/_ui/field.tsx'
import { ProgressBar } from '@/app/_ui/progress-bar.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { FORM_FACTS, IMPORT_FORMS, type ImportForm } from '@/lib/domain/imports/import-form.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import { UPLOAD_BYTES_MAX } from '@/lib/services/imports/schemas.ts'
import { type Upload, uploadFile } from './upload-file.ts'

interface ImportBackupProps {
  readonly clusterId: string
  readonly clusterName: string
}

export function ImportBackup(props: ImportBackupProps) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <GuardedButton
        action="backup.import"
        icon={<FileInput aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        Import…
      </GuardedButton>
      {open && <ImportDialog {...props} onClose={() => setOpen(false)} />}
    </>
  )
}

function ImportDialog({ clusterId, clusterName, onClose }: ImportBackupProps & { onClose: () => void }) {
  const queries = useQueryClient()
  const fileId = useId()
  const [file, setFile] = useState<File | null>(null)
  const [form, setForm] = useState<ImportForm | ''>('')
  const [note, setNote] = useState('')
  const [sent, setSent] = useState<number | null>(null)
  const [error, setError] = useState<ErrorView | null>(null)
  const upload = useRef<Upload | null>(null)
  const tooLarge = file !== null && file.size > UPLOAD_BYTES_MAX
  const fault =
    file === null
      ? 'Choose a file first'
      : tooLarge
        ? `It has ${formatBytes(file.size)}; at most ${formatBytes(UPLOAD_BYTES_MAX)} can be uploaded`
        : null
  const close = () => {
    upload.current?.cancel()
    onClose()
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (file === null || tooLarge || sent !== null) return
    setError(null)
    setSent(0)
    upload.current = uploadFile(
      paths.api.clusterImport(clusterId, { name: file.name, form: form || null, note }),
      file,
      setSent,
    )
    const failure = await upload.current.done
    upload.current = null
    if (failure === null) {
      queries.invalidateQueries({ queryKey: JOBS_KEY })
      onClose()
    } else if (failure !== 'cancelled') {
      setSent(null)
      setError(failure)
    }
  }
  return (
    <Dialog
      open
      onOpenChange={close}
      title={`Import a file for ${clusterName}`}
      description="It becomes a backup on this cluster's list, to browse, compare and restore from. The cluster itself is neither read nor changed."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {error && <ErrorNotice error={error} />}
        <div className="flex flex-col gap-1">
          <label htmlFor={fileId} className="font-medium text-sm">
            File
          </label>
          <input
            id={fileId}
            type="file"
            required
            disabled={sent !== null}
            aria-describedby={`${fileId}-hint`}
            className={`${controlClass} py-1.5`}
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
          <p id={`${fileId}-hint`} className="text-muted text-xs">
            JSON of zoocreeper, zk_shell, ZooNavigator or arkeeper export; a snapshot of a server; a tar of a data
            directory or of a folder of files. Plain or gzip, at most {formatBytes(UPLOAD_BYTES_MAX)}.
          </p>
        </div>
        <SelectField
          label="Form"
          value={form}
          disabled={sent !== null}
          onChange={(event) => setForm(IMPORT_FORMS.find((known) => known === event.target.value) ?? '')}
        >
          <option value="">Told by the content</option>
          {IMPORT_FORMS.map((known) => (
            <option key={known} value={known}>
              {FORM_FACTS[known].label}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Note"
          value={note}
          disabled={sent !== null}
          onChange={(event) => setNote(event.target.value)}
          maxLength={500}
          placeholder="from the old staging cluster"
        />
        {sent !== null && file !== null && (
          <div className="flex flex-col gap-1">
            <ProgressBar label="Upload" value={file.size === 0 ? 1 : sent / file.size} />
            <p className="text-muted text-xs">
              {formatBytes(Math.min(sent, file.size))} of {formatBytes(file.size)} sent
            </p>
          </div>
        )}
        <DialogButtons>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" tone="primary" pending={sent !== null} disabledReason={fault}>
            Import the file
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
