'use client'

import { useState } from 'react'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { STEP_RESULTS, type StepResultKind } from '@/lib/domain/restore/step-results.ts'
import type { RestoreView, StepResultView } from '@/lib/services/restores/views.ts'
import { PagedListing } from './paged-listing.tsx'
import { CONFLICT_REASONS } from './report-words.ts'
import { RESULT_WORDS, STEP_WORDS } from './step-words.ts'

interface ResultsPage {
  readonly results: readonly StepResultView[]
  readonly counts: Readonly<Record<StepResultKind, number>>
  readonly next: number | null
}

/** What became of every operation, by the journal. */
export function StepResultsCard({ restore }: { restore: RestoreView }) {
  const [result, setResult] = useState('')
  return (
    <Card
      title="Result of each operation"
      flush
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <SelectField label="Result" hideLabel value={result} onChange={(event) => setResult(event.target.value)}>
            <option value="">All results</option>
            {STEP_RESULTS.map((kind) => (
              <option key={kind} value={kind}>
                {RESULT_WORDS[kind]}
              </option>
            ))}
          </SelectField>
          {(['jsonl', 'csv'] as const).map((format) => (
            <a
              key={format}
              href={paths.api.restoreReport(restore.id, { format })}
              download
              className={buttonClass({ size: 'small' })}
            >
              {format === 'csv' ? 'CSV' : 'JSON Lines'}
            </a>
          ))}
        </div>
      }
    >
      <PagedListing<ResultsPage>
        name={['step-results', restore.id, restore.state, String(restore.report?.applied ?? 0), result]}
        url={(after) => paths.api.restoreResults(restore.id, { after, result: result || undefined })}
        more="Show 100 more"
      >
        {(pages) => <ResultsTable pages={pages} />}
      </PagedListing>
    </Card>
  )
}

function ResultsTable({ pages }: { pages: readonly ResultsPage[] }) {
  const results = pages.flatMap((page) => page.results)
  const counts = STEP_RESULTS.flatMap((kind) => {
    const count = pages[0]?.counts[kind] ?? 0
    return count > 0 ? [`${formatCount(count)} ${RESULT_WORDS[kind]}`] : []
  })
  return (
    <>
      <p className="px-4 py-2 text-muted text-xs">{counts.join(', ')}</p>
      {results.length === 0 ? (
        <p className="px-4 pb-3 text-muted text-sm">No operation with this result.</p>
      ) : (
        <Table label="Result of each operation" head={['#', 'Step', 'Path', 'Result', 'Transaction']}>
          {results.map((each) => (
            <Row key={each.index}>
              <Cell className="text-muted">{formatCount(each.index + 1)}</Cell>
              <Cell className="whitespace-nowrap">{STEP_WORDS[each.step]}</Cell>
              <Cell className="min-w-48">
                <ZnodePath path={each.path} />
              </Cell>
              <Cell>
                {RESULT_WORDS[each.result]}
                {each.reason !== null && (
                  <span className="text-muted">: {CONFLICT_REASONS[each.reason] ?? each.reason}</span>
                )}
              </Cell>
              <Cell>{each.zxid !== null && <Zxid value={each.zxid} />}</Cell>
            </Row>
          ))}
        </Table>
      )}
    </>
  )
}
