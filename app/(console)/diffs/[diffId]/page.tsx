import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { DiffBrowser } from '../_components/diff-browser.tsx'
import { loadDiff, loadIgnored } from '../loaders.ts'

export const metadata: Metadata = { title: 'Diff' }

export default async function DiffPage({ params }: { params: Promise<{ diffId: string }> }) {
  const diff = await loadDiff((await params).diffId)
  if (!diff.ok) return <ErrorNotice error={diff.error} />
  // While it is being made there is nothing to hide; the page asks once it is ready.
  const ignored = diff.value.state === 'ready' ? await loadIgnored(diff.value.id) : null
  return (
    <AtCluster ids={[diff.value.clusterId, diff.value.otherClusterId]}>
      <DiffBrowser initial={diff.value} ignored={ignored?.ok ? ignored.value : null} />
    </AtCluster>
  )
}
