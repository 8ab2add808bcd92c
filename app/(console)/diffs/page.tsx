import { GitCompareArrows } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { DiffTable } from './_components/diff-table.tsx'
import { loadDiffs } from './loaders.ts'

export const metadata: Metadata = { title: 'Diffs' }

export default async function DiffsPage() {
  const diffs = await loadDiffs()
  return (
    <>
      <PageHeader
        title="Diffs"
        actions={
          <LinkButton href={paths.newDiff()} tone="primary" icon={<GitCompareArrows aria-hidden className="size-4" />}>
            Compare two trees
          </LinkButton>
        }
      >
        What changed between two trees: live clusters, backups, or one of each.
      </PageHeader>
      {diffs.ok ? (
        <Card flush>
          <DiffTable diffs={diffs.value} newHref={paths.newDiff()} />
        </Card>
      ) : (
        <ErrorNotice error={diffs.error} />
      )}
    </>
  )
}
