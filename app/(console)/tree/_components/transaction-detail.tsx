'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { isMaskedAcl } from '@/lib/domain/znode/acl.ts'
import { isSystemPath } from '@/lib/domain/znode/path.ts'
import type { StateView, ZnodeTransactionDetailView } from '@/lib/services/logs/views.ts'
import { UndoTransaction } from '../../_components/undo-transaction.tsx'
import { revealTransactionAction } from '../actions.ts'
import { wordsOf } from './log-table.tsx'
import { RestoreVersionDialog } from './restore-version-dialog.tsx'
import { StateAccess, StateValues } from './state-values.tsx'
import type { TreeWriting } from './tree-browser.tsx'
import type { ZnodeWritten } from './znode-panel.tsx'

interface Props {
  readonly tree: TreeAddress
  readonly path: string
  readonly zxid: string
  readonly writing: TreeWriting
  readonly onWritten: (written: ZnodeWritten) => void
}

/** Value and access before and after one transaction, and the way back to what was after it. */
export function TransactionDetail({ tree, path, zxid, writing, onWritten }: Props) {
  const [open, setOpen] = useState<'data' | 'acl' | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const detail = useQuery({
    queryKey: ['znode-transaction', tree.kind, tree.id, path, zxid],
    queryFn: ({ signal }) =>
      requestJson<ZnodeTransactionDetailView>(paths.api.znodeTransaction(tree, { path, zxid }), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const shown = detail.data
  return (
    <section aria-label={`Transaction ${zxid}`} className="flex min-w-0 flex-col gap-3">
      <Card
        title={shown ? `${zxid}: ${wordsOf(shown.transaction.did)}` : zxid}
        actions={
          shown && (
            <span className="flex flex-wrap gap-2">
              <RestoreButtons after={shown.after} path={path} writing={writing} onOpen={setOpen} />
              <UndoTransaction clusterId={writing.clusterId} zxid={zxid} />
            </span>
          )
        }
      >
        {done !== null && (
          <div className="mb-3">
            <Notice tone="good" live title={`Written as transaction ${done}`}>
              It is listed here once it is archived.
            </Notice>
          </div>
        )}
        {detail.error ? (
          <ErrorNotice error={viewOfError(detail.error)} />
        ) : shown ? (
          <StateValues
            key={zxid}
            before={shown.before}
            after={shown.after}
            reveal={() => revealTransactionAction({ tree: `${tree.kind}:${tree.id}`, path, zxid })}
          />
        ) : (
          <div role="status" className="flex flex-col gap-2">
            <span className="sr-only">Reading the transaction</span>
            <Skeleton className="w-1/3" />
            <Skeleton className="h-32" />
          </div>
        )}
      </Card>
      {shown && <StateAccess before={shown.before} after={shown.after} />}
      {open !== null && shown?.after.kind === 'present' && writing.kind === 'live' && (
        <RestoreVersionDialog
          clusterId={writing.clusterId}
          clusterName={writing.clusterName}
          path={path}
          zxid={zxid}
          part={open}
          version={shown.after}
          onClose={() => setOpen(null)}
          onDone={(written) => {
            setOpen(null)
            setDone(written.zxid)
            onWritten({ path, kind: written.kind, editId: written.editId })
          }}
        />
      )}
    </section>
  )
}

function RestoreButtons({
  after,
  path,
  writing,
  onOpen,
}: {
  after: StateView
  path: string
  writing: TreeWriting
  onOpen: (part: 'data' | 'acl') => void
}) {
  if (writing.kind !== 'live') {
    return (
      <LinkButton size="small" href={paths.clusterTree(writing.clusterId, { path, log: '' })}>
        Restore in the live tree
      </LinkButton>
    )
  }
  const locked =
    !writing.isArmed && `${writing.clusterName} is read-only. Arm it in its settings to put a version back.`
  const system = isSystemPath(path) && '/zookeeper belongs to the servers and is not written here'
  const gone = after.kind === 'absent' && 'The znode was gone after this transaction: choose an earlier one'
  const noValue =
    (after.kind === 'unknown' || (after.kind === 'present' && after.value.kind === 'unknown')) &&
    'The archived log does not tell the value then'
  const noAcl =
    (after.kind === 'unknown' || (after.kind === 'present' && after.acl === null)) &&
    'The archived log does not tell the access then'
  const masked =
    after.kind === 'present' && after.acl !== null && isMaskedAcl(after.acl) && 'Parts of this access are hidden'
  return (
    <span className="flex flex-wrap gap-2">
      <Button size="small" disabledReason={locked || system || gone || noValue} onClick={() => onOpen('data')}>
        Restore this value…
      </Button>
      <Button size="small" disabledReason={locked || system || gone || noAcl || masked} onClick={() => onOpen('acl')}>
        Restore this access…
      </Button>
    </span>
  )
}
