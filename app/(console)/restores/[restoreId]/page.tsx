import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { RestorePage as LiveRestore } from '../_components/restore-page.tsx'
import { loadRestore } from '../loaders.ts'

export const metadata: Metadata = { title: 'Restore' }

export default async function RestorePage({ params }: { params: Promise<{ restoreId: string }> }) {
  const restore = await loadRestore((await params).restoreId)
  if (!restore.ok) return <ErrorNotice error={restore.error} />
  return (
    <AtCluster ids={[restore.value.clusterId, restore.value.otherClusterId]}>
      <LiveRestore initial={restore.value} />
    </AtCluster>
  )
}
