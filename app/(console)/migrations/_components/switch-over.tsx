'use client'

import { useQuery } from '@tanstack/react-query'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { MigrationView, SourceClientsView } from '@/lib/services/migrations/views.ts'
import { finishMigrationAction, followAgainAction } from '../actions.ts'

const ASK_MS = 5_000

/** What a person does now, who is still at the source, and the button for the end. */
export function SwitchOver({ migration, onDone }: { migration: MigrationView; onDone: () => void }) {
  const finish = useAction(finishMigrationAction, onDone)
  const follow = useAction(followAgainAction, onDone)
  const { source, target, canFinish, canFollow } = migration
  const input = { migrationId: migration.id }
  const left = migration.rounds[0]?.differences ?? 0
  return (
    <Card title="Switch over">
      <div className="flex flex-col gap-4 text-sm">
        {(finish.error ?? follow.error) && <ErrorNotice error={finish.error ?? follow.error!} />}
        <ol className="list-decimal space-y-1 pl-5">
          <li>Stop everything that writes to {source.name}. Reading clients may stay.</li>
          <li>
            Press <strong>Final round</strong>: rounds run until one finds nothing, then both clusters are compared. It
            is done only when nothing differs and {source.name} made no transaction during the comparison.
          </li>
          <li>
            Point the clients to {target.name} and start them: locks and other ephemerals are made anew by their
            sessions, they are not copied.
          </li>
        </ol>
        {!migration.isFinishing && left > 0 && (
          <Notice tone="warn" title={`The last round still found ${plural(left, 'difference')}`}>
            They are written to {target.name}. Where final rounds keep finding some, {source.name} is still written to.
          </Notice>
        )}
        <Clients migration={migration} />
        <div className="flex flex-wrap justify-end gap-2">
          <GuardedButton
            action="migration.follow"
            pending={follow.pending}
            disabledReason={!canFollow.ok && (canFollow.reason ?? 'Not now')}
            onClick={() => follow.run(input)}
          >
            Back to following
          </GuardedButton>
          <GuardedButton
            action="migration.finish"
            tone="primary"
            pending={finish.pending}
            disabledReason={!canFinish.ok && (canFinish.reason ?? 'Not now')}
            onClick={() => finish.run(input)}
          >
            Final round
          </GuardedButton>
        </div>
      </div>
    </Card>
  )
}

function Clients({ migration }: { migration: MigrationView }) {
  const { data, error } = useQuery({
    queryKey: ['migration-clients', migration.id],
    queryFn: ({ signal }) => requestJson<SourceClientsView>(paths.api.migrationClients(migration.id), { signal }),
    refetchInterval: ASK_MS,
  })
  if (error) return <ErrorNotice error={viewOfError(error)} />
  if (!data) return <p className="text-muted">Asking who is connected to {migration.source.name}…</p>
  return (
    <div className="flex flex-col gap-2">
      <p>
        {plural(data.clients.length, 'session')} at {migration.source.name}, Arkeeper’s worker among them;{' '}
        {plural(data.ephemeralCount, 'ephemeral')} below {migration.sourcePath}.
      </p>
      {data.untold.map((line) => (
        <p key={line} className="text-muted text-xs">
          Not told by {line}
        </p>
      ))}
      {data.clients.length > 0 && (
        <Table label="Sessions at the source" numeric={[2]} head={['Session', 'From', 'Ephemerals']}>
          {data.clients.map(({ session, address, ephemerals }) => (
            <Row key={session}>
              <Cell className="font-mono text-xs">{session}</Cell>
              <Cell className="font-mono text-xs">{address}</Cell>
              <Cell className="text-right">{ephemerals}</Cell>
            </Row>
          ))}
        </Table>
      )}
      {data.ephemerals.length > 0 && (
        <details>
          <summary className="cursor-pointer">Ephemerals, which are not copied</summary>
          <ul className="mt-1 space-y-0.5 font-mono text-xs">
            {data.ephemerals.map(({ path, session }) => (
              <li key={path} className="break-all">
                {path} <span className="text-muted">{session}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
