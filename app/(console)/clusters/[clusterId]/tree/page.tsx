import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { TreeBrowser } from '@/app/(console)/tree/_components/tree-browser.tsx'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Tree' }

export default async function ClusterTreePage({ params }: { params: Promise<{ clusterId: string }> }) {
  const loaded = await loadCluster((await params).clusterId)
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const { id, name, isArmed } = loaded.value
  return (
    <ClusterFrame cluster={loaded.value} section="tree">
      <TreeBrowser
        tree={{ kind: 'live', id }}
        label={name}
        writing={{ kind: 'live', clusterId: id, clusterName: name, isArmed }}
      />
    </ClusterFrame>
  )
}
