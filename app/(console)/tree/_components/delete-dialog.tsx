'use client'

import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { nameOf } from '@/lib/domain/znode/path.ts'
import { deleteZnodeAction } from '../actions.ts'
import { PathAdvice } from './path-advice.tsx'
import type { ZnodeDialogProps } from './znode-actions.tsx'

/** As many as one deletion by hand takes; more is the work of a restore with its plan and undo. */
const DESCENDANTS_MAX = 10_000

/** Counts what lies below first. Never deletes more than was shown, and only the version that was shown. */
export function DeleteDialog({ clusterId, clusterName, znode, onClose, onDone }: ZnodeDialogProps) {
  const [typed, setTyped] = useState('')
  const [conflict, setConflict] = useState<string | null>(null)
  const count = useQuery({
    queryKey: ['descendants', clusterId, znode.path],
    queryFn: ({ signal }) =>
      requestJson<{ descendants: number }>(paths.api.descendants(clusterId, znode.path), { signal }),
    gcTime: 0,
    staleTime: 0,
    refetchOnWindowFocus: false,
  })
  const remove = useAction(deleteZnodeAction, (written) => {
    if (written.kind === 'done') onDone({ path: znode.path, kind: 'deleted', editId: written.editId })
    else setConflict(written.message)
  })
  const below = count.data?.descendants
  const name = nameOf(znode.path)
  const fault =
    below === undefined
      ? 'What lies below is still being counted'
      : below > DESCENDANTS_MAX
        ? `More than ${plural(DESCENDANTS_MAX, 'znode')} are not deleted by hand`
        : below > 0 && typed !== name
          ? `Type ${name} first`
          : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (below === undefined) return
    setConflict(null)
    remove.run({
      clusterId,
      path: znode.path,
      expectedVersion: znode.stat.version,
      expectedCzxid: znode.stat.czxid,
      descendants: below,
    })
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Delete"
      description={
        <>
          <ZnodePath path={znode.path} /> on {clusterName}
        </>
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
        {remove.error && <ErrorNotice error={remove.error} />}
        {count.error && <ErrorNotice error={viewOfError(count.error)} />}
        {conflict && (
          <Notice tone="warn" live title={conflict}>
            Close this, look at the znode again, and decide anew.
          </Notice>
        )}
        <PathAdvice clusterId={clusterId} path={znode.path} act="delete" />
        {below === undefined ? (
          !count.error && (
            <div role="status">
              <span className="sr-only">Counting what lies below</span>
              <Skeleton className="w-2/3" />
            </div>
          )
        ) : (
          <p>
            {below === 0 ? (
              'Nothing lies below this znode. '
            ) : (
              <>
                <strong>{plural(below, 'znode')}</strong> {below === 1 ? 'lies' : 'lie'} below it and{' '}
                {below === 1 ? 'goes' : 'go'} with it.{' '}
              </>
            )}
            {znode.kind === 'ephemeral'
              ? 'It belongs to a session, so it cannot be put back.'
              : 'Undo makes a plan afterwards that puts back what is deleted.'}
          </p>
        )}
        {below !== undefined && below > DESCENDANTS_MAX && (
          <Notice tone="warn" title="Too many to delete by hand">
            Restore a backup in mirror mode instead: it shows a plan, takes a safety backup and can be undone.
          </Notice>
        )}
        {below !== undefined && below > 0 && below <= DESCENDANTS_MAX && (
          <TextField
            label={`Type ${name} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            className="font-mono"
          />
        )}
        <DialogButtons>
          <Button onClick={onClose}>Keep it</Button>
          <GuardedButton
            action="znode.delete"
            type="submit"
            tone="danger"
            pending={remove.pending}
            disabledReason={fault}
          >
            Delete {plural((below ?? 0) + 1, 'znode')} from {clusterName}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
