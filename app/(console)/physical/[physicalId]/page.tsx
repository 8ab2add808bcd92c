import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { PhysicalPage as LivePhysical } from '../_components/physical-page.tsx'
import { loadPhysical } from '../loaders.ts'

export const metadata: Metadata = { title: 'Put back as files' }

export default async function PhysicalPage({ params }: { params: Promise<{ physicalId: string }> }) {
  const physical = await loadPhysical((await params).physicalId)
  if (!physical.ok) return <ErrorNotice error={physical.error} />
  return (
    <AtCluster ids={[physical.value.clusterId]}>
      <LivePhysical initial={physical.value} />
    </AtCluster>
  )
}
