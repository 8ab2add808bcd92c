import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { DiffBrowser } from '../_components/diff-browser.tsx'
import { loadDiff } from '../loaders.ts'

export const metadata: Metadata = { title: 'Diff' }

export default async function DiffPage({ params }: { params: Promise<{ diffId: string }> }) {
  const diff = await loadDiff((await params).diffId)
  if (!diff.ok) return <ErrorNotice error={diff.error} />
  return <DiffBrowser initial={diff.value} />
}
