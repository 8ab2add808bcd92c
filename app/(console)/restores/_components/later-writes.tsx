'use client'

import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { LaterWriteView, PlanView, RestoreView } from '@/lib/services/restores/views.ts'
import { replanRestoreAction } from '../actions.ts'
import { PagedListing } from './paged-listing.tsx'

const WHAT: Record<LaterWriteView['what'], string> = {
  data: 'its value was written',
  acl: 'its ACL was written',
  deleted: 'was deleted',
  created: 'was created again',
  children: 'children were created below it; they always stay',
}

interface LaterPage {
  readonly writes: readonly LaterWriteView[]
  readonly next: number | null
}

/** What an undo would take back and others have written since: left as it is unless somebody chooses otherwise. */
export function LaterWritesCard({
  restore,
  plan,
  onDone,
}: {
  restore: RestoreView
  plan: PlanView
  onDone: () => void
}) {
  const replan = useAction(replanRestoreAction, onDone)
  const { laterWrites } = plan
  if (laterWrites === null || laterWrites.count === 0) return null
  const count = plural(laterWrites.count, 'later write')
  const next = laterWrites.overwritten ? 'keep' : 'overwrite'
  return (
    <Card
      title={`${count} of others`}
      flush
      actions={
        restore.state === 'planned' && (
          <GuardedButton
            action="restore.plan"
            size="small"
            pending={replan.pending}
            onClick={() => replan.run({ restoreId: restore.id, laterWrites: next })}
          >
            {laterWrites.overwritten ? 'Leave later writes as they are' : 'Overwrite later writes too'}
          </GuardedButton>
        )
      }
    >
      <div className="flex flex-col gap-2 px-4 py-3 text-sm">
        {replan.error && <ErrorNotice error={replan.error} />}
        <p>
          {laterWrites.overwritten
            ? `${count} over what this takes back: this plan writes over them all the same.`
            : `${count} over what this would take back, left as found.`}{' '}
          The other choice makes a new plan to confirm.
        </p>
      </div>
      <PagedListing<LaterPage>
        name={['later-writes', restore.id, plan.hash]}
        url={(from) => paths.api.restoreLaterWrites(restore.id, { from })}
        more="Show 100 more"
      >
        {(pages) => (
          <Table label="Later writes of others" head={['Path', 'What happened', 'Left behind', 'Found now']}>
            {pages
              .flatMap((page) => page.writes)
              .map((write) => (
                <Row key={`${write.what} ${write.path}`}>
                  <Cell className="min-w-48">
                    <ZnodePath path={write.path} />
                  </Cell>
                  <Cell>{WHAT[write.what]}</Cell>
                  <Cell className="text-muted">{write.expected}</Cell>
                  <Cell className="text-muted">{write.found}</Cell>
                </Row>
              ))}
          </Table>
        )}
      </PagedListing>
    </Card>
  )
}
