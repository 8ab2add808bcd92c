'use client'

import { useQueryClient } from '@tanstack/react-query'
import {
  BadgeCheck,
  FolderTree,
  GitCompareArrows,
  HardDriveUpload,
  History,
  Pin,
  PinOff,
  ShieldCheck,
  Trash2,
} from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, JOBS_KEY, useJobs } from '@/app/_components/use-jobs.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { BackupView } from '@/lib/services/backups/views.ts'
import { formatTreeRef } from '@/lib/services/tree/tree-ref.ts'
import { deleteBackupAction, setBackupPinnedAction, startDrillAction, startVerifyAction } from '../actions.ts'

/** `drillFault`: why this host can do no drill; null when it can. */
export function BackupActions({ backup, drillFault }: { backup: BackupView; drillFault: string | null }) {
  const router = useRouter()
  const queries = useQueryClient()
  const jobs = useJobs()
  const [deleting, setDeleting] = useState(false)
  const pin = useAction(setBackupPinnedAction, () => router.refresh())
  const verify = useAction(startVerifyAction, () => queries.invalidateQueries({ queryKey: JOBS_KEY }))
  const drill = useAction(startDrillAction, () => queries.invalidateQueries({ queryKey: JOBS_KEY }))
  const drilling = jobs.data?.some((job) => job.kind === 'drill' && job.subjectId === backup.id && isActive(job))
  const verifying = jobs.data?.some((job) => job.kind === 'verify' && job.subjectId === backup.id && isActive(job))
  const ref = formatTreeRef({ kind: 'backup', backupId: backup.id })
  const live = formatTreeRef({ kind: 'live', clusterId: backup.clusterId })
  const error = pin.error ?? verify.error ?? drill.error
  return (
    <div className="flex flex-col gap-2">
      {error && <ErrorNotice error={error} />}
      <div className="flex flex-wrap gap-2">
        <LinkButton href={paths.backupTree(backup.id)} icon={<FolderTree aria-hidden className="size-4" />}>
          Browse
        </LinkButton>
        <LinkButton
          href={paths.newDiff({ left: ref, right: live })}
          icon={<GitCompareArrows aria-hidden className="size-4" />}
        >
          Compare…
        </LinkButton>
        <LinkButton
          tone="primary"
          href={paths.newRestore({ clusterId: backup.clusterId, source: ref })}
          icon={<History aria-hidden className="size-4" />}
        >
          Restore…
        </LinkButton>
        <LinkButton
          href={paths.newPhysical({ backupId: backup.id })}
          icon={<HardDriveUpload aria-hidden className="size-4" />}
        >
          Put back as files…
        </LinkButton>
        <GuardedButton
          action="backup.verify"
          icon={<BadgeCheck aria-hidden className="size-4" />}
          pending={verify.pending}
          disabledReason={verifying && 'It is being verified now'}
          onClick={() => verify.run({ backupId: backup.id })}
        >
          Verify
        </GuardedButton>
        <GuardedButton
          action="backup.drill"
          icon={<ShieldCheck aria-hidden className="size-4" />}
          pending={drill.pending}
          disabledReason={
            drilling ? 'A drill of it waits or is at work now' : drillFault && `No drill here: ${drillFault}`
          }
          onClick={() => drill.run({ backupId: backup.id })}
        >
          Prove by drill
        </GuardedButton>
        <GuardedButton
          action="backup.pin"
          icon={backup.pinned ? <PinOff aria-hidden className="size-4" /> : <Pin aria-hidden className="size-4" />}
          pending={pin.pending}
          onClick={() => pin.run({ backupId: backup.id, pinned: !backup.pinned })}
        >
          {backup.pinned ? 'Unpin' : 'Pin'}
        </GuardedButton>
        <Button
          icon={<Trash2 aria-hidden className="size-4" />}
          disabledReason={
            backup.pinned
              ? 'It is pinned. Unpin it first.'
              : backup.hold && `It is held by ${backup.hold.by}: ${backup.hold.reason}`
          }
          onClick={() => setDeleting(true)}
        >
          Delete…
        </Button>
      </div>
      {deleting && <DeleteBackupDialog backup={backup} onClose={() => setDeleting(false)} />}
    </div>
  )
}

function DeleteBackupDialog({ backup, onClose }: { backup: BackupView; onClose: () => void }) {
  const router = useRouter()
  const [acknowledged, setAcknowledged] = useState(false)
  const remove = useAction(deleteBackupAction, () => {
    router.push(paths.cluster(backup.clusterId, 'backups'))
    router.refresh()
  })
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Delete this backup"
      description={`${plural(backup.znodes, 'znode')} of ${backup.clusterName}, ${formatBytes(backup.archiveBytes)}`}
    >
      <div className="flex flex-col gap-3 text-sm">
        {remove.error && <ErrorNotice error={remove.error} />}
        <p>Its files are removed from the store. This cannot be undone. The cluster itself is not touched.</p>
        {backup.isLastGood && (
          <>
            <Notice tone="bad" title={`This is the last good backup of ${backup.clusterName}`}>
              Without it there is nothing to go back to.
            </Notice>
            <CheckboxField
              label="Delete it although it is the last good one"
              checked={acknowledged}
              onChange={(event) => setAcknowledged(event.target.checked)}
            />
          </>
        )}
        <DialogButtons>
          <Button onClick={onClose}>Keep it</Button>
          <GuardedButton
            action="backup.delete"
            tone="danger"
            pending={remove.pending}
            disabledReason={backup.isLastGood && !acknowledged && 'Tick the box first'}
            onClick={() => remove.run({ backupId: backup.id, acknowledgeLastGood: acknowledged })}
          >
            Delete backup of {plural(backup.znodes, 'znode')}
          </GuardedButton>
        </DialogButtons>
      </div>
    </Dialog>
  )
}
