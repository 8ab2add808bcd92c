'use client'

import { useQuery } from '@tanstack/react-query'
import { EyeOff, FileQuestion } from 'lucide-react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { KindBadge } from '@/app/_components/kind-badge.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { type ShownView, ValueViewer } from '@/app/_components/value/value-viewer.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { Tabs } from '@/app/_ui/tabs.tsx'
import { parentPath } from '@/lib/domain/znode/path.ts'
import type { ZnodeReadingView, ZnodeView } from '@/lib/services/tree/views.ts'
import { AclTable } from './acl-table.tsx'
import { useReveal } from './reveal.tsx'
import type { TreeWriting } from './tree-browser.tsx'
import { ZnodeActions } from './znode-actions.tsx'
import { type HistoryPair, ZnodeHistory } from './znode-history.tsx'
import { ZnodeLog } from './znode-log.tsx'
import { ZnodeStat } from './znode-stat.tsx'

const HERE: Record<TreeAddress['kind'], string> = {
  live: 'Live',
  backup: 'In this backup',
  moment: 'At this moment',
}

/** `log`: its transactions; `zxid` empty is the newest. */
export type ShownPart =
  | { readonly kind: 'here' }
  | ({ readonly kind: 'history' } & HistoryPair)
  | { readonly kind: 'log'; readonly zxid: string }

export interface ZnodeWritten {
  readonly path: string
  readonly kind: 'created' | 'changed' | 'deleted'
  /** By which the edit is undone; null where it cannot be. */
  readonly editId: string | null
}

interface PanelProps {
  tree: TreeAddress
  path: string
  view: ShownView | null
  onView: (view: ShownView) => void
  onGo: (path: string) => void
  writing: TreeWriting
  onWritten: (written: ZnodeWritten) => void
  /** What was read just now, so that its row can show the same. */
  onRead: (reading: ZnodeReadingView) => void
}

const FIRST: Readonly<Record<ShownPart['kind'], ShownPart>> = {
  here: { kind: 'here' },
  history: { kind: 'history', from: null, to: null },
  log: { kind: 'log', zxid: '' },
}

/** One znode: as it is here, and its past. What was deleted has a past too. */
export function ZnodePanel({
  part,
  onPart,
  ...panel
}: PanelProps & { part: ShownPart; onPart: (part: ShownPart) => void }) {
  const { tree, path, writing, onWritten } = panel
  return (
    <section aria-label={`Znode ${path}`} className="min-w-0">
      <Tabs
        label="Parts of the znode"
        value={part.kind}
        onChange={(kind) => onPart(FIRST[kind])}
        tabs={[
          { value: 'here', label: HERE[tree.kind], content: <ZnodeHere {...panel} /> },
          {
            value: 'history',
            label: 'History',
            content: part.kind === 'history' && (
              <ZnodeHistory
                tree={tree}
                path={path}
                pair={part}
                onPair={(pair) => onPart({ kind: 'history', ...pair })}
              />
            ),
          },
          {
            value: 'log',
            label: 'Transactions',
            content: part.kind === 'log' && (
              <ZnodeLog
                tree={tree}
                path={path}
                chosen={part.zxid}
                onChoose={(zxid) => onPart({ kind: 'log', zxid })}
                writing={writing}
                onWritten={onWritten}
              />
            ),
          },
        ]}
      />
    </section>
  )
}

/** Its value, its facts, who may do what, and what can be done here. */
function ZnodeHere({ tree, path, view, onView, onGo, writing, onWritten, onRead }: PanelProps) {
  const reading = useQuery({
    queryKey: ['znode', tree.kind, tree.id, path],
    queryFn: async ({ signal }) => {
      const read = await requestJson<ZnodeReadingView>(paths.api.znode(tree, path), { signal })
      onRead(read)
      return read
    },
  })
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {reading.error ? (
        <ErrorNotice
          error={viewOfError(reading.error)}
          action={
            <Button size="small" pending={reading.isFetching} onClick={() => reading.refetch()}>
              Try again
            </Button>
          }
        />
      ) : !reading.data ? (
        <div role="status" className="flex flex-col gap-3 rounded-lg border bg-surface p-4">
          <span className="sr-only">Loading {path}</span>
          <Skeleton className="h-6 w-2/3" />
          <Skeleton className="h-40" />
          <Skeleton className="h-24" />
        </div>
      ) : reading.data.kind === 'missing' ? (
        <Card>
          <EmptyState
            icon={<FileQuestion aria-hidden />}
            title={
              <>
                There is no znode <ZnodePath path={path} />
              </>
            }
            action={<Button onClick={() => onGo(parentPath(path))}>Go to {parentPath(path)}</Button>}
          >
            It does not exist here, or it was deleted while you looked.
          </EmptyState>
        </Card>
      ) : reading.data.kind === 'unreadable' ? (
        <Card>
          <EmptyState
            icon={<EyeOff aria-hidden />}
            title={
              <>
                <ZnodePath path={path} /> cannot be read
              </>
            }
          >
            {reading.data.message} Its value and whatever lies below it are unknown, not empty.
          </EmptyState>
        </Card>
      ) : (
        <FoundZnode
          tree={tree}
          znode={reading.data.znode}
          view={view}
          onView={onView}
          writing={writing}
          onWritten={onWritten}
        />
      )}
    </div>
  )
}

function FoundZnode({
  tree,
  znode,
  view,
  onView,
  writing,
  onWritten,
}: {
  tree: TreeAddress
  znode: ZnodeView
  view: ShownView | null
  onView: (view: ShownView) => void
  writing: TreeWriting
  onWritten: (written: ZnodeWritten) => void
}) {
  const { znodes, notice } = useReveal([{ tree: `${tree.kind}:${tree.id}`, znode }])
  const seen = znodes?.[0] ?? null
  return (
    <>
      <div className="flex flex-col gap-3 rounded-lg border bg-surface p-4">
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="min-w-0 font-semibold text-base">
            <ZnodePath path={znode.path} />
          </h2>
          <KindBadge kind={znode.kind} />
        </div>
        <ZnodeActions znode={seen ?? znode} writing={writing} onWritten={onWritten} />
        {seen ? (
          <ValueViewer
            data={seen.data}
            truncated={seen.truncated}
            unpacked={seen.unpacked}
            dataLength={seen.stat.dataLength}
            view={view}
            onView={onView}
            downloadHref={znode.hidden ? null : paths.api.znodeData(tree, znode.path)}
            unpackedHref={znode.hidden ? null : paths.api.znodeData(tree, znode.path, { unpack: true })}
          />
        ) : (
          notice
        )}
      </div>
      <Card title="Facts">
        <ZnodeStat znode={znode} />
      </Card>
      <Card title="Access" flush>
        {znode.unknown === undefined ? (
          <AclTable acl={znode.acl} />
        ) : (
          <p className="p-4 text-muted text-sm">
            Not known: the imported file does not say who may do what here
            {znode.unknown === 'content' && ', nor what its value is'}.
          </p>
        )}
      </Card>
    </>
  )
}
