'use client'

import { useQuery } from '@tanstack/react-query'
import { AclDiff } from '@/app/_components/acl-diff.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { isSameAcl } from '@/lib/domain/znode/acl.ts'
import type { ZnodePairView, ZnodeReadingView, ZnodeSideView, ZnodeView } from '@/lib/services/tree/views.ts'
import { RevealGate } from './reveal.tsx'

/** Value and ACL of one znode in two trees. */
export function ZnodeComparison({
  tree,
  path,
  left,
  right,
}: {
  tree: TreeAddress
  path: string
  left: string
  right: string
}) {
  const pair = useQuery({
    // Below the znode's own key: what happens to it live is read here too.
    queryKey: ['znode', tree.kind, tree.id, path, 'pair', left, right],
    queryFn: ({ signal }) => requestJson<ZnodePairView>(paths.api.znodePair({ left, right, path }), { signal }),
  })
  return (
    <section aria-label="Comparison" className="flex min-w-0 flex-col gap-3">
      <Card
        title="Value on both sides"
        actions={
          <LinkButton size="small" href={paths.newDiff({ left, right, path })}>
            Compare whole trees here
          </LinkButton>
        }
      >
        {pair.error ? (
          <ErrorNotice error={viewOfError(pair.error)} />
        ) : !pair.data ? (
          <div role="status" className="flex flex-col gap-2">
            <span className="sr-only">Reading both sides</span>
            <Skeleton className="w-1/3" />
            <Skeleton className="h-32" />
          </div>
        ) : (
          <Values left={pair.data.left} right={pair.data.right} />
        )}
      </Card>
      {pair.data && <Access left={pair.data.left} right={pair.data.right} />}
    </section>
  )
}

const znodeOf = (reading: ZnodeReadingView) => (reading.kind === 'found' ? reading.znode : null)

function Values({ left, right }: { left: ZnodeSideView; right: ZnodeSideView }) {
  const unreadable = [left, right].filter((side) => side.reading.kind === 'unreadable')
  if (unreadable.length > 0) {
    return (
      <>
        {unreadable.map((side) => (
          <Notice key={side.ref} tone="warn" title={`It could not be read in ${side.label}`}>
            What it holds there is unknown, not empty.
          </Notice>
        ))}
      </>
    )
  }
  const [before, after] = [znodeOf(left.reading), znodeOf(right.reading)]
  if (left.ref === right.ref)
    return <p className="text-muted text-sm">Both sides are the same place. Choose another one.</p>
  if (!before && !after) return <p className="text-muted text-sm">The znode is on neither side.</p>
  return (
    <RevealGate
      sides={[
        { tree: left.ref, znode: before },
        { tree: right.ref, znode: after },
      ]}
    >
      {([before = null, after = null]) => <Compared left={left} right={right} before={before} after={after} />}
    </RevealGate>
  )
}

function Compared({
  left,
  right,
  before,
  after,
}: {
  left: ZnodeSideView
  right: ZnodeSideView
  before: ZnodeView | null
  after: ZnodeView | null
}) {
  const isSame = before && after && before.data === after.data && !before.truncated && !after.truncated
  return (
    <div className="flex flex-col gap-2">
      {(before?.truncated || after?.truncated) && (
        <Notice tone="warn" title="A value is larger than what is shown here">
          Only the first part of it is compared.
        </Notice>
      )}
      {isSame ? (
        <p className="text-muted text-sm">
          The value is the same in {left.label} and in {right.label}.
        </p>
      ) : (
        <ValueDiff
          left={{ label: left.label, data: before?.data ?? (before ? null : undefined), unpacked: before?.unpacked }}
          right={{ label: right.label, data: after?.data ?? (after ? null : undefined), unpacked: after?.unpacked }}
        />
      )}
    </div>
  )
}

function Access({ left, right }: { left: ZnodeSideView; right: ZnodeSideView }) {
  const [before, after] = [znodeOf(left.reading), znodeOf(right.reading)]
  if (!before && !after) return null
  const title =
    before && after
      ? isSameAcl(before.acl, after.acl)
        ? 'Access, the same on both sides'
        : 'Access, differs'
      : 'Access'
  return (
    <Card title={title} flush>
      <AclDiff before={before?.acl ?? null} after={after?.acl ?? null} />
    </Card>
  )
}
