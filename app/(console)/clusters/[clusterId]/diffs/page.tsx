import { GitCompareArrows } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { formatTreeRef } from '@/lib/services/tree/tree-ref.ts'
import { DiffTable } from '../../../diffs/_components/diff-table.tsx'
import { loadDiffs } from '../../../diffs/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Diffs' }

export default async function ClusterDiffsPage({ params }: { params: Promise<{ clusterId: string }> }) {
  const { clusterId } = await params
  const cluster = await loadCluster(clusterId)
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  const diffs = await loadDiffs(clusterId)
  const lastGood = cluster.value.lastGoodBackup
  const newHref = paths.newDiff({
    left: lastGood ? formatTreeRef({ kind: 'backup', backupId: lastGood.id }) : undefined,
    right: formatTreeRef({ kind: 'live', clusterId }),
  })
  return (
    <ClusterFrame
      cluster={cluster.value}
      section="diffs"
      actions={
        <LinkButton href={newHref} tone="primary" icon={<GitCompareArrows aria-hidden className="size-4" />}>
          Compare…
        </LinkButton>
      }
    >
      {diffs.ok ? (
        <Card flush>
          <DiffTable diffs={diffs.value} newHref={newHref} />
        </Card>
      ) : (
        <ErrorNotice error={diffs.error} />
      )}
    </ClusterFrame>
  )
}
