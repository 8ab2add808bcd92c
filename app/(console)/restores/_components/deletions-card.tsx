'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { PlanStepView, PlanView, RestoreView } from '@/lib/services/restores/views.ts'
import { PagedListing } from './paged-listing.tsx'

const TOPS_SHOWN = 20

interface StepsPage {
  readonly steps: readonly PlanStepView[]
  readonly next: number | null
}

/** What the plan takes away: how much in which part of the tree, and each znode by name. */
export function DeletionsCard({ restore, plan }: { restore: RestoreView; plan: PlanView }) {
  const [under, setUnder] = useState('')
  const { deletions } = plan
  return (
    <Card
      title={`Deletes ${plural(plan.deletes, 'znode')}`}
      flush
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <SelectField label="Below" hideLabel value={under} onChange={(event) => setUnder(event.target.value)}>
            <option value="">All deletions</option>
            {deletions.map(({ path, count }) => (
              <option key={path} value={path}>
                {path} ({formatCount(count)})
              </option>
            ))}
          </SelectField>
          <a
            href={paths.api.restoreReport(restore.id, { format: 'csv', kind: 'delete' })}
            download
            className={buttonClass({ size: 'small' })}
          >
            <Download aria-hidden className="size-3.5" />
            Download deletions
          </a>
        </div>
      }
    >
      <ul aria-label="Deletions by part of the tree" className="px-4 py-3 text-sm">
        {deletions.slice(0, TOPS_SHOWN).map(({ path, count }) => (
          <li key={path}>
            <ZnodePath path={path} />: <span className="text-removed">{plural(count, 'znode')}</span>
          </li>
        ))}
        {deletions.length > TOPS_SHOWN && <li>and {formatCount(deletions.length - TOPS_SHOWN)} more parts</li>}
      </ul>
      <PagedListing<StepsPage>
        name={['deletions', restore.id, plan.hash, under]}
        url={(after) =>
          paths.api.restoreSteps(restore.id, { after, limit: 100, kind: 'delete', under: under || undefined })
        }
        more="Show 100 more"
      >
        {(pages) => (
          <Table label="Znodes that are deleted" head={['Path', 'Only if']}>
            {pages
              .flatMap((page) => page.steps)
              .map((step) => (
                <Row key={step.index}>
                  <Cell className="min-w-48">
                    <ZnodePath path={step.path} />
                  </Cell>
                  <Cell className="text-muted">{step.expect}</Cell>
                </Row>
              ))}
          </Table>
        )}
      </PagedListing>
    </Card>
  )
}
