import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { KnownSecretsTable } from './_components/known-secrets-table.tsx'
import { ValueRules } from './_components/value-rules.tsx'
import { loadClusterNames, loadValueRules } from './loaders.ts'

export const metadata: Metadata = { title: 'Hidden values' }

export default async function ValuesPage() {
  const [rules, clusters] = await Promise.all([loadValueRules(), loadClusterNames()])
  return (
    <>
      <PageHeader
        title="Hidden values"
        actions={<LinkButton href={paths.audit({ action: 'value' })}>What was revealed</LinkButton>}
      >
        Whose value a rule matches is hidden everywhere: in live trees, backups and moments, in diffs, transactions,
        searches and exports. Paths, sizes and stat stay visible. Backups and restores carry every value as ever, and
        the <code>arkeeper</code> command reads what its own credentials may.
      </PageHeader>
      {!rules.ok ? (
        <ErrorNotice error={rules.error} />
      ) : !clusters.ok ? (
        <ErrorNotice error={clusters.error} />
      ) : (
        <div className="flex max-w-6xl flex-col gap-4">
          <ValueRules rules={rules.value.rules} clusters={clusters.value} />
          <Card title="Places that look like secrets" flush>
            <KnownSecretsTable known={rules.value.known} />
          </Card>
        </div>
      )}
    </>
  )
}
