'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { RestoreView, StaleLineView } from '@/lib/services/restores/views.ts'
import { replanStaleAction } from '../actions.ts'
import { PagedListing } from './paged-listing.tsx'
import { CONFLICT_REASONS } from './report-words.ts'
import { STEP_WORDS } from './step-words.ts'

interface StalePage {
  readonly lines: readonly StaleLineView[]
  readonly lookedAt: number
  readonly steps: number
  readonly next: number | null
}

/** The steps not carried out that no longer fit the live tree, expected against found, and the way to plan them anew alone. */
export function StaleLines({ restore, onDone }: { restore: RestoreView; onDone: () => void }) {
  const router = useRouter()
  const replan = useAction(replanStaleAction, ({ restoreId }) =>
    restoreId === restore.id ? onDone() : router.push(paths.restore(restoreId)),
  )
  const { canReplanStale } = restore
  const isPlan = restore.state === 'planned'
  return (
    <Card
      title={isPlan ? 'What is stale' : 'What is left, and stale'}
      flush
      actions={
        <GuardedButton
          action="restore.plan"
          size="small"
          pending={replan.pending}
          disabledReason={!canReplanStale.ok && (canReplanStale.reason ?? 'It cannot be planned now')}
          onClick={() => replan.run({ restoreId: restore.id })}
        >
          {isPlan ? 'Plan the stale steps anew' : 'Plan what is left anew'}
        </GuardedButton>
      }
    >
      <div className="flex flex-col gap-2 px-4 py-3 text-sm">
        {replan.error && <ErrorNotice error={replan.error} />}
        <p>
          A new plan takes the stale steps against the cluster as it is now and keeps the others as they are
          {isPlan ? '. ' : '; what was applied is not planned again. '}
          It has another hash and is confirmed anew. Nothing is written now.
        </p>
      </div>
      <PagedListing<StalePage>
        name={['stale-lines', restore.id, restore.plan?.hash ?? '', restore.state]}
        url={(after) => paths.api.restoreStale(restore.id, { after })}
        more="Look further"
      >
        {(pages) => <StaleTable pages={pages} />}
      </PagedListing>
    </Card>
  )
}

function StaleTable({ pages }: { pages: readonly StalePage[] }) {
  const lines = pages.flatMap((page) => page.lines)
  const lookedAt = pages.reduce((sum, page) => sum + page.lookedAt, 0)
  const isAll = pages.at(-1)?.next === null
  const looked = isAll ? 'all' : `${formatCount(lookedAt)} of ${formatCount(pages[0]?.steps ?? 0)}`
  return (
    <>
      <p role="status" className="px-4 pb-2 text-muted text-xs">
        {plural(lines.length, 'stale step')}; {looked} steps that are left were looked at.
      </p>
      {lines.length > 0 && (
        <Table label="Stale steps" head={['Step', 'Path', 'Why', 'Expected', 'Found now']}>
          {lines.map((line) => (
            <Row key={line.index}>
              <Cell className="whitespace-nowrap">{STEP_WORDS[line.step]}</Cell>
              <Cell className="min-w-48">
                <ZnodePath path={line.path} />
              </Cell>
              <Cell>{CONFLICT_REASONS[line.reason] ?? line.reason}</Cell>
              <Cell className="text-muted">{line.expected}</Cell>
              <Cell className="text-muted">{line.found}</Cell>
            </Row>
          ))}
        </Table>
      )}
    </>
  )
}
