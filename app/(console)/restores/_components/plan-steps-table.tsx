'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { PlanStepView } from '@/lib/services/restores/views.ts'

const PAGE = 100
const WORDS: Record<PlanStepView['step'], { sign: string; text: string; look: string }> = {
  create: { sign: '+', text: 'create', look: 'text-added' },
  setData: { sign: '~', text: 'change value', look: 'text-changed' },
  setAcl: { sign: '~', text: 'set ACL', look: 'text-accent' },
  delete: { sign: '−', text: 'delete', look: 'text-removed' },
  advanceCounter: { sign: '↑', text: 'advance counter', look: 'text-changed' },
}

interface StepsPage {
  readonly steps: readonly PlanStepView[]
  readonly next: number | null
}

/** Every step of the plan in the order in which it runs, page by page. */
export function PlanStepsTable({ restoreId, planHash, steps }: { restoreId: string; planHash: string; steps: number }) {
  const [kind, setKind] = useState('')
  const query = useInfiniteQuery({
    queryKey: ['plan-steps', restoreId, planHash, kind],
    queryFn: ({ pageParam, signal }) =>
      requestJson<StepsPage>(
        paths.api.restoreSteps(restoreId, { after: pageParam, limit: PAGE, kind: kind || undefined }),
        { signal },
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    enabled: steps > 0,
  })
  if (steps === 0) return null
  const rows = query.data?.pages.flatMap((page) => page.steps)
  return (
    <Card
      title={`Steps (${formatCount(steps)})`}
      flush
      actions={
        <SelectField label="Kind of step" hideLabel value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">All steps</option>
          {Object.entries(WORDS).map(([value, { text }]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </SelectField>
      }
    >
      {query.error && (
        <div className="p-3">
          <ErrorNotice error={viewOfError(query.error)} />
        </div>
      )}
      {!rows ? (
        !query.error && (
          <div className="flex flex-col gap-2 p-4">
            <Skeleton />
            <Skeleton />
            <Skeleton />
          </div>
        )
      ) : rows.length === 0 ? (
        <p className="px-4 py-3 text-muted text-sm">No step of this kind.</p>
      ) : (
        <Table label="Steps of the plan" numeric={[3]} head={['#', 'Step', 'Path', 'Size', 'Only if']}>
          {rows.map((step) => (
            <Row key={step.index}>
              <Cell className="text-muted">{formatCount(step.index + 1)}</Cell>
              <Cell className={`whitespace-nowrap font-medium ${WORDS[step.step].look}`}>
                <span aria-hidden>{WORDS[step.step].sign} </span>
                {WORDS[step.step].text}
              </Cell>
              <Cell className="min-w-56">
                <ZnodePath path={step.path} />
              </Cell>
              <Cell className="whitespace-nowrap text-right">{step.bytes === null ? '' : formatBytes(step.bytes)}</Cell>
              <Cell className="text-muted">{step.expect}</Cell>
            </Row>
          ))}
        </Table>
      )}
      {query.hasNextPage && (
        <div className="border-t p-3">
          <Button size="small" pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            Show {formatCount(PAGE)} more
          </Button>
        </div>
      )}
    </Card>
  )
}
