'use client'

import { useQuery } from '@tanstack/react-query'
import { EyeOff } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { AclDiff } from '@/app/_components/acl-diff.tsx'
import { ChangeCountsText, ChangeMark } from '@/app/_components/change-mark.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { KindBadge } from '@/app/_components/kind-badge.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { ChangeDetailView, DiffView } from '@/lib/services/diffs/views.ts'
import { parseTreeRef, treeAddressOf } from '@/lib/services/tree/tree-ref.ts'
import type { ZnodeView } from '@/lib/services/tree/views.ts'
import { RevealGate } from '../../tree/_components/reveal.tsx'
import type { DiffItem } from './diff-source.ts'
import { IgnoreDialog } from './ignore-dialog.tsx'
import { countAll } from './picks.ts'

interface Props {
  diff: DiffView
  path: string
  /** The row, when it is loaded and visible in the tree. */
  item: DiffItem | null
  /** The row is still being looked for. */
  isSought: boolean
  pickState: 'picked' | 'inherited' | 'mixed' | 'none'
  onPickAlone: () => void
  onPickSubtree: () => void
  onUnpick: () => void
}

/** One difference, both sides read again from where they are. */
export function ChangePanel(props: Props) {
  const { diff, path, item, isSought } = props
  // A row that only leads to differences below has no detail of its own.
  const isWay = item !== null && item.change === null
  const change = useQuery({
    queryKey: ['change', diff.id, path],
    queryFn: ({ signal }) => requestJson<ChangeDetailView>(paths.api.change(diff.id, path), { signal }),
    enabled: !isWay && !(item === null && isSought),
  })
  const onlyWay = isWay || (change.error !== null && viewOfError(change.error).code === 'NOT_FOUND')
  return (
    <section aria-label={`Difference at ${path}`} className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-col gap-3 rounded-lg border bg-surface p-4">
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="min-w-0 font-semibold text-base">
            <ZnodePath path={path} />
          </h2>
          {change.data && <ChangeMark change={change.data.change} fields={change.data.fields} />}
          {change.data?.ephemeral && <KindBadge kind="ephemeral" />}
          {item && countAll(item.below) > 0 && (
            <span className="text-muted text-xs">
              below it <ChangeCountsText counts={item.below} />
            </span>
          )}
        </div>
        <PanelActions {...props} />
        {onlyWay ? (
          <p className="text-muted text-sm">This znode itself is the same on both sides. What differs lies below it.</p>
        ) : change.error ? (
          <ErrorNotice error={viewOfError(change.error)} />
        ) : !change.data ? (
          <div role="status" className="flex flex-col gap-2">
            <span className="sr-only">Loading the difference</span>
            <Skeleton className="w-1/3" />
            <Skeleton className="h-40" />
          </div>
        ) : (
          <ChangeValues diff={diff} change={change.data} />
        )}
      </div>
      {change.data && <ChangeFacts diff={diff} change={change.data} />}
    </section>
  )
}

function PanelActions({ diff, path, item, pickState, onPickAlone, onPickSubtree, onUnpick }: Props) {
  const [ignoring, setIgnoring] = useState(false)
  const below = item ? countAll(item.below) : 0
  const inherited = pickState === 'inherited' && 'It is picked with the subtree that it lies in'
  return (
    <div className="flex flex-wrap gap-2">
      {pickState === 'picked' ? (
        <Button size="small" onClick={onUnpick}>
          Take back the pick
        </Button>
      ) : (
        <>
          <Button
            size="small"
            disabledReason={inherited || (!item?.change && 'The znode itself is the same on both sides')}
            onClick={onPickAlone}
          >
            Pick this znode only
          </Button>
          {below > 0 && (
            <Button size="small" disabledReason={inherited} onClick={onPickSubtree}>
              Pick it and {formatCount(below)} below
            </Button>
          )}
        </>
      )}
      {diff.clusterId !== null && (
        <Button size="small" icon={<EyeOff aria-hidden className="size-3.5" />} onClick={() => setIgnoring(true)}>
          Ignore changes here…
        </Button>
      )}
      {ignoring && diff.clusterId !== null && (
        <IgnoreDialog
          diffId={diff.id}
          clusterId={diff.clusterId}
          path={path}
          hasBelow={below > 0}
          onClose={() => setIgnoring(false)}
        />
      )}
      {([diff.left, diff.right] as const).map((ref, index) => {
        const tree = parseTreeRef(ref)
        if (!tree) return null
        return (
          <LinkButton key={ref} size="small" tone="quiet" href={paths.tree(treeAddressOf(tree), { path })}>
            Open in {index === 0 ? 'the first tree' : 'the second tree'}
          </LinkButton>
        )
      })}
    </div>
  )
}

function ChangeValues({ diff, change }: { diff: DiffView; change: ChangeDetailView }) {
  const { before, after } = change
  return (
    <>
      {change.movedSince && (
        <Notice tone="warn" title="One side has changed since the comparison">
          You see it as it is now. Compare again for the whole picture.
        </Notice>
      )}
      {(before?.truncated || after?.truncated) && (
        <Notice tone="warn" title="A value is larger than what is shown here">
          Only the first part of it is compared below; the difference itself was found over the whole value.
        </Notice>
      )}
      {change.change === 'changed' && !change.fields.includes('data') ? (
        <p className="text-muted text-sm">The value is the same on both sides.</p>
      ) : (
        <RevealGate
          sides={[
            { tree: diff.left, znode: before },
            { tree: diff.right, znode: after },
          ]}
        >
          {([left, right]) => (
            <ValueDiff
              left={{ label: diff.leftLabel, data: left?.data ?? (left ? null : undefined), unpacked: left?.unpacked }}
              right={{
                label: diff.rightLabel,
                data: right?.data ?? (right ? null : undefined),
                unpacked: right?.unpacked,
              }}
            />
          )}
        </RevealGate>
      )}
    </>
  )
}

function ChangeFacts({ diff, change }: { diff: DiffView; change: ChangeDetailView }) {
  const rows = useMemo(() => compareFacts(change.before, change.after), [change])
  return (
    <>
      <Card title="Access" flush>
        <AclDiff before={change.before?.acl ?? null} after={change.after?.acl ?? null} />
      </Card>
      <Card title="Facts" flush>
        <Table label="Facts side by side" head={['(Fact)', diff.leftLabel, diff.rightLabel]}>
          {rows.map((row) => (
            <Row key={row.name} className={row.differs ? 'bg-changed-soft' : ''}>
              <Cell className="text-muted">
                {row.name}
                {row.differs && <span className="sr-only">, differs</span>}
              </Cell>
              <Cell>{row.left}</Cell>
              <Cell>{row.right}</Cell>
            </Row>
          ))}
        </Table>
        <p className="px-4 py-2 text-muted text-xs">
          Only value, ACL and kind are compared. The other facts are the servers' own counts and cannot be restored.
        </p>
      </Card>
    </>
  )
}

function compareFacts(before: ZnodeView | null, after: ZnodeView | null) {
  const facts: ReadonlyArray<readonly [string, (znode: ZnodeView) => string]> = [
    [
      'Kind',
      (znode) =>
        (znode.kind === 'unknown' ? 'not known' : znode.kind) + (znode.ttlMs === null ? '' : `, ${znode.ttlMs} ms`),
    ],
    ['Size', (znode) => plural(znode.stat.dataLength, 'byte')],
    ['Version', (znode) => String(znode.stat.version)],
    ['Created', (znode) => formatUtc(znode.stat.ctime)],
    ['Written', (znode) => formatUtc(znode.stat.mtime)],
    ['czxid', (znode) => znode.stat.czxid],
    ['mzxid', (znode) => znode.stat.mzxid],
    ['ACL version', (znode) => String(znode.stat.aversion)],
    ['Children', (znode) => formatCount(znode.stat.numChildren)],
    ['Next sequence number', (znode) => formatCount(znode.nextSequence)],
  ]
  return facts.map(([name, read]): { name: string; left: ReactNode; right: ReactNode; differs: boolean } => {
    const left = before ? read(before) : '–'
    const right = after ? read(after) : '–'
    return { name, left, right, differs: before !== null && after !== null && left !== right }
  })
}
