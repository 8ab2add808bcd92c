import { Download, ScrollText } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { readAuditFilter } from '@/app/_nav/audit-filter.ts'
import { paths } from '@/app/_nav/paths.ts'
import { readNumber, type SearchParams } from '@/app/_nav/search-params.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { loadClusters } from '../loaders.ts'
import { AuditChain } from './_components/audit-chain.tsx'
import { AuditFilterForm } from './_components/audit-filter-form.tsx'
import { AuditTable } from './_components/audit-table.tsx'
import { loadAudit, loadAuditState } from './loaders.ts'

export const metadata: Metadata = { title: 'Audit' }

export default async function AuditPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const filter = readAuditFilter(search)
  const before = readNumber(search, 'before')
  const page = await loadAudit(filter, before)
  const clusters = await loadClusters()
  const state = await loadAuditState()
  const isFiltered = Object.values(filter).some((value) => value !== '')
  return (
    <>
      <PageHeader
        title="Audit"
        actions={(['csv', 'jsonl'] as const).map((format) => (
          <a
            key={format}
            href={paths.api.auditExport(format, filter)}
            download
            className={buttonClass({ size: 'small' })}
          >
            <Download aria-hidden className="size-3.5" />
            Export {format === 'csv' ? 'CSV' : 'JSON Lines'}
          </a>
        ))}
      >
        Who did what to which cluster and path, when, why, and how it ended. Values are never in here.
      </PageHeader>
      {state.ok ? <AuditChain state={state.value} /> : <ErrorNotice error={state.error} />}
      <AuditFilterForm
        key={JSON.stringify(filter)}
        filter={filter}
        clusters={clusters.ok ? clusters.value.map(({ id, name }) => ({ id, name })) : []}
      />
      {!page.ok ? (
        <ErrorNotice error={page.error} />
      ) : page.value.entries.length === 0 ? (
        <Card>
          <EmptyState
            icon={<ScrollText aria-hidden />}
            title={isFiltered ? 'No entry matches the filter' : 'No entries yet'}
            action={isFiltered && <LinkButton href={paths.audit()}>Clear filter</LinkButton>}
          >
            Every change, sign-in, denial and failure leaves an entry here.
          </EmptyState>
        </Card>
      ) : (
        <>
          <Card flush>
            <AuditTable entries={page.value.entries} />
          </Card>
          <nav aria-label="Pages of the audit" className="mt-3 flex gap-2">
            {before !== undefined && (
              <LinkButton size="small" href={paths.audit(filter)}>
                Newest
              </LinkButton>
            )}
            {page.value.next !== null && (
              <LinkButton size="small" href={paths.audit({ ...filter, before: page.value.next })}>
                Older entries
              </LinkButton>
            )}
          </nav>
        </>
      )}
    </>
  )
}
