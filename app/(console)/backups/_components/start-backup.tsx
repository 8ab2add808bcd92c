'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Archive } from 'lucide-react'
import { useSearchParams } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { JOBS_KEY } from '@/app/_components/use-jobs.ts'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Choice } from '@/app/_ui/choice.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import type { BackupSourceView } from '@/lib/services/backups/list-backup-sources.ts'
import { startBackupAction } from '../actions.ts'

type Source = BackupSourceView['source'] | 'automatic'

interface StartBackupProps {
  readonly clusterId: string
  readonly clusterName: string
  readonly sources: readonly BackupSourceView[]
}

const SOURCE_WORDS: Record<Source, { label: string; hint: string }> = {
  automatic: {
    label: 'Automatic',
    hint: 'Data directories, quorum port, AdminServer, client port: the first of those set up here that serves. Says why one could not',
  },
  client: {
    label: 'Client port',
    hint: 'Walks the tree as a client. Works everywhere; cannot tell containers and TTL znodes from persistent ones',
  },
  admin: {
    label: 'AdminServer',
    hint: "The server's own snapshot (3.9+): all kinds, sessions, digest. Writes one snapshot file on that server",
  },
  files: {
    label: 'Data directories',
    hint: 'Snapshot and transaction logs of the members on this host: the exact tree, proved by digest',
  },
  observer: {
    label: 'Quorum port',
    hint: 'Listens to the leader as an observer: the exact tree of a running ensemble with all kinds, proved by digest. One walk of the tree for the leader; ACLs hide nothing from it',
  },
}

const AUTOMATIC: { readonly source: Source; readonly unavailable: string | null } = {
  source: 'automatic',
  unavailable: null,
}

export function StartBackup(props: StartBackupProps) {
  // A link may bring the dialog along: `?take=1`.
  const asked = useSearchParams().get('take') === '1'
  const [open, setOpen] = useState(false)
  const close = () => {
    setOpen(false)
    if (asked) showAddress(paths.clusterBackups(props.clusterId))
  }
  return (
    <>
      <Button tone="primary" icon={<Archive aria-hidden className="size-4" />} onClick={() => setOpen(true)}>
        Back up now
      </Button>
      {(open || asked) && <StartBackupDialog {...props} onClose={close} />}
    </>
  )
}

function StartBackupDialog({ clusterId, clusterName, sources, onClose }: StartBackupProps & { onClose: () => void }) {
  const queries = useQueryClient()
  const [scope, setScope] = useState<'all' | 'subtrees'>('all')
  const [source, setSource] = useState<Source>('client')
  const [lines, setLines] = useState('')
  const [note, setNote] = useState('')
  const start = useAction(startBackupAction, () => {
    queries.invalidateQueries({ queryKey: JOBS_KEY })
    onClose()
  })
  const subtrees = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const wrong = subtrees.find((path) => findPathFault(path) !== null)
  const fault =
    scope === 'all'
      ? null
      : subtrees.length === 0
        ? 'Enter at least one path'
        : wrong !== undefined
          ? `${wrong} is not a path: ${findPathFault(wrong)}`
          : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.run({ clusterId, paths: scope === 'all' ? [] : subtrees, note, source })
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Back up ${clusterName}`}
      description="A backup only reads. It appears in the list when it is complete and read back."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {start.error && <ErrorNotice error={start.error} />}
        <Choice
          label="Source"
          name="source"
          value={source}
          onChange={setSource}
          options={[AUTOMATIC, ...sources].map(({ source: value, unavailable }) => ({
            value,
            label: SOURCE_WORDS[value].label,
            hint: SOURCE_WORDS[value].hint,
            disabledReason: unavailable === null ? undefined : `Not here: ${unavailable}.`,
          }))}
        />
        <Choice
          label="Scope"
          name="scope"
          value={scope}
          onChange={setScope}
          options={[
            { value: 'all', label: 'Whole tree', hint: 'Everything that the credentials of the cluster may read' },
            { value: 'subtrees', label: 'Subtrees', hint: 'Only some paths and what lies below them' },
          ]}
        />
        {scope === 'subtrees' && (
          <TextAreaField
            label="Paths, one a line"
            value={lines}
            onChange={(event) => setLines(event.target.value)}
            rows={4}
            spellCheck={false}
            className="font-mono"
            placeholder="/config&#10;/brokers/topics"
            error={wrong !== undefined ? (fault ?? undefined) : undefined}
          />
        )}
        <TextField
          label="Note"
          value={note}
          onChange={(event) => setNote(event.target.value)}
          maxLength={500}
          placeholder="before the upgrade"
        />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <GuardedButton
            action="backup.start"
            type="submit"
            tone="primary"
            pending={start.pending}
            disabledReason={fault}
          >
            {scope === 'all' ? 'Back up the whole tree' : `Back up ${plural(subtrees.length, 'subtree')}`}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
