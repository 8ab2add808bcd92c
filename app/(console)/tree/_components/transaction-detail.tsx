'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AclDiff } from '@/app/_components/acl-diff.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { isMaskedAcl, isSameAcl } from '@/lib/domain/znode/acl.ts'
import { isSystemPath } from '@/lib/domain/znode/path.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import type { StateView, ZnodeTransactionDetailView } from '@/lib/services/logs/views.ts'
import { UndoTransaction } from '../../_components/undo-transaction.tsx'
import { revealTransactionAction } from '../actions.ts'
import { WHY, wordsOf } from './log-table.tsx'
import { RestoreVersionDialog } from './restore-version-dialog.tsx'
import { Hidden } from './reveal.tsx'
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
          <Values
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
      {shown && <Access before={shown.before} after={shown.after} />}
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

interface States {
  readonly before: StateView
  readonly after: StateView
}

function Values({ reveal, ...states }: States & { reveal: () => Promise<ActionResult<States>> }) {
  const [revealed, setRevealed] = useState<States | null>(null)
  const known = [knownValueOf(states.before), knownValueOf(states.after)].flatMap((value) =>
    value?.hidden ? [{ hidden: value.hidden, bytes: value.dataLength }] : [],
  )
  if (known.length === 0) return <KnownValues {...states} />
  if (revealed) return <KnownValues before={revealed.before} after={revealed.after} />
  return (
    <Hidden
      hidden={known.map(({ hidden }) => hidden)}
      bytes={known.map(({ bytes }) => bytes)}
      reveal={reveal}
      onRevealed={setRevealed}
    />
  )
}

function KnownValues({ before, after }: States) {
  const [left, right] = [sideOf('Before', before), sideOf('After', after)]
  const isCut = [before, after].some((state) => knownValueOf(state)?.truncated)
  if (right === null) {
    return <p className="text-muted text-sm">The value did not change here, and what it was is {whyOf(after)}.</p>
  }
  if (left === null) {
    return (
      <div className="flex flex-col gap-2">
        <Notice title={`Before: ${whyOf(before)}`}>
          The archived log does not tell what this transaction replaced.
        </Notice>
        <ValueDiff left={{ label: `Before: ${whyOf(before)}`, data: undefined }} right={right} />
      </div>
    )
  }
  const isSame = !isCut && left.data === right.data
  return (
    <div className="flex flex-col gap-2">
      {isCut && (
        <Notice tone="warn" title="A value is larger than what is shown here">
          Only the first 1 MiB of it is compared. Restoring writes all of it.
        </Notice>
      )}
      {isSame && <p className="text-muted text-sm">The value is the same before and after.</p>}
      <ValueDiff left={left} right={right} />
    </div>
  )
}

function knownValueOf(state: StateView) {
  return state.kind === 'present' && state.value.kind === 'known' ? state.value : null
}

/** Null: not known. */
function sideOf(label: string, state: StateView) {
  if (state.kind === 'absent') return { label: `${label}: absent`, data: undefined }
  const value = knownValueOf(state)
  if (value === null) return null
  const version = state.kind === 'present' && state.version !== null ? `, version ${state.version}` : ''
  return { label: `${label}${version}`, data: value.data, unpacked: value.unpacked }
}

function whyOf(state: StateView): string {
  if (state.kind === 'unknown') return WHY[state.why]
  return state.kind === 'present' && state.value.kind === 'unknown' ? WHY[state.value.why] : 'absent'
}

function Access({ before, after }: { before: StateView; after: StateView }) {
  const [left, right] = [aclOf(before), aclOf(after)]
  if (left === null && right === null) return null
  const title =
    left && right ? (isSameAcl(left, right) ? 'Access, the same before and after' : 'Access, changed') : 'Access'
  return (
    <Card title={title} flush>
      <AclDiff before={left} after={right} />
    </Card>
  )
}

function aclOf(state: StateView) {
  return state.kind === 'present' ? state.acl : null
}
