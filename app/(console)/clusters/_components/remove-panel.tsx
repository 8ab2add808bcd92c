'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import { removeClusterAction } from '../actions.ts'

export function RemovePanel({ cluster }: { cluster: ClusterView }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const remove = useAction(removeClusterAction, () => {
    router.push(paths.overview())
    router.refresh()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    remove.run({ clusterId: cluster.id, typedName: typed })
  }
  return (
    <>
      <div className="flex flex-col gap-3 text-sm">
        <p>
          Arkeeper forgets its address and credentials. The ZooKeeper servers are not touched, and its{' '}
          {plural(cluster.backups, 'backup')} and the audit stay.
        </p>
        <div>
          <Button onClick={() => setOpen(true)}>Remove cluster…</Button>
        </div>
      </div>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={`Remove ${cluster.name}`}
        description="The stored credentials are destroyed. Nothing is written to ZooKeeper, and no backup is deleted."
      >
        <form onSubmit={submit} className="flex flex-col gap-3">
          {remove.error && <ErrorNotice error={remove.error} />}
          <TextField
            label={`Type ${cluster.name} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
          />
          <DialogButtons>
            <Button onClick={() => setOpen(false)}>Keep it</Button>
            <GuardedButton
              action="cluster.remove"
              type="submit"
              tone="danger"
              pending={remove.pending}
              disabledReason={typed.trim() !== cluster.name && `Type ${cluster.name} first`}
            >
              Remove {cluster.name} from Arkeeper
            </GuardedButton>
          </DialogButtons>
        </form>
      </Dialog>
    </>
  )
}
