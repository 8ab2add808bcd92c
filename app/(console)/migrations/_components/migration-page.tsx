'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { COUNTER_WORDS } from '@/app/_components/restore-fidelity-options.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { MigrationView } from '@/lib/services/migrations/views.ts'
import { FidelityCard } from '../../restores/_components/fidelity-card.tsx'
import { PlanNumbers } from '../../restores/_components/plan-numbers.tsx'
import { ConfirmMigration } from './confirm-migration.tsx'
import { MigrationButtons } from './migration-buttons.tsx'
import { MigrationStateBadge } from './migration-state-badge.tsx'
import { MigrationSteps, stepOf } from './migration-steps.tsx'
import { ProofCard } from './proof-card.tsx'
import { RoundsTable } from './rounds-table.tsx'
import { SidesCard } from './sides-card.tsx'
import { SwitchOver } from './switch-over.tsx'

const BUSY_MS = 1_000
const QUIET_MS = 8_000
const ENDED: readonly MigrationView['state'][] = ['done', 'stopped', 'failed']

/** One migration from its check to its proof. All of it is in the database: the page can be left and opened again at any step. */
export function MigrationPage({ initial }: { initial: MigrationView }) {
  const query = useQuery({
    queryKey: ['migration', initial.id],
    queryFn: ({ signal }) => requestJson<MigrationView>(paths.api.migration(initial.id), { signal }),
    initialData: initial,
    refetchInterval: ({ state }) => (state.data && isBusy(state.data) ? BUSY_MS : QUIET_MS),
  })
  const migration = query.data
  const { source, target, state, plan } = migration
  const refresh = () => query.refetch()
  const firstRestore = migration.rounds.at(-1)?.restoreId
  return (
    <div className="flex max-w-6xl flex-col gap-4">
      <div>
        <PageHeader
          crumbs={[
            { href: paths.migrations(), text: 'Migrations' },
            { href: paths.cluster(target.id, 'restores'), text: target.name },
          ]}
          title={`From ${source.name} to ${target.name}`}
          badges={
            <>
              <EnvironmentBadge environment={target.environment} />
              <MigrationStateBadge state={state} />
            </>
          }
          actions={<MigrationButtons migration={migration} onDone={refresh} />}
        >
          Made <RelativeTime at={migration.createdAt} /> by {migration.createdByName}. {source.name} is only read.
        </PageHeader>
        <MigrationSteps current={stepOf(migration)} />
      </div>
      {query.error && <ErrorNotice error={viewOfError(query.error)} />}
      {migration.error && <ErrorNotice error={migration.error} />}
      <Now migration={migration} />
      {migration.proof && <ProofCard migration={migration} proof={migration.proof} />}
      {state === 'switching' && <SwitchOver migration={migration} onDone={refresh} />}
      {!ENDED.includes(state) && <SidesCard migration={migration} />}
      {plan && (
        <Card title="What the first round would write">
          <PlanNumbers plan={plan} />
        </Card>
      )}
      {plan?.fidelity && firstRestore && (
        <FidelityCard restoreId={firstRestore} fidelity={plan.fidelity} readBack={null} />
      )}
      {state === 'checked' && plan && <ConfirmMigration migration={migration} plan={plan} onDone={refresh} />}
      {migration.confirmedAt !== null && <RoundsTable migration={migration} />}
      <Card title="How">
        <Facts
          items={[
            ['From', `${migration.sourcePath} of ${source.name}`],
            ['To', `${migration.targetPath} of ${target.name}`],
            ['What only the target has', migration.mode === 'mirror' ? 'is deleted' : 'stays'],
            ['Rounds', `one every ${formatCount(migration.everySeconds)} s`],
            ['Sequence counters', COUNTER_WORDS[migration.options.counters].label],
            ['Quotas', migration.options.quotas ? 'Copied too' : 'Left as they are'],
            ['Reason', migration.reason ?? 'given when it is confirmed'],
            ['Applied in the name of', migration.confirmedByName ?? 'whoever confirms it'],
          ]}
        />
      </Card>
    </div>
  )
}

function isBusy({ state, isFinishing }: MigrationView): boolean {
  return state === 'checking' || state === 'copying' || state === 'following' || isFinishing
}

/** What happens at this moment, or what it waits for. */
function Now({ migration }: { migration: MigrationView }) {
  const { state, waiting, target, rounds } = migration
  const round = rounds[0]
  const restoreLink = round?.restoreId && (
    <Link href={paths.restore(round.restoreId)} className="link">
      Open round {round.number}
    </Link>
  )
  if (waiting === 'read-only') {
    return (
      <Notice tone="warn" live title={`Waits: ${target.name} is read-only`}>
        Round {round?.number} is planned and not applied. Arm {target.name} in{' '}
        <Link href={paths.clusterSettings(target.id, 'writing')} className="link">
          its settings
        </Link>
        , and it goes on by itself.
      </Notice>
    )
  }
  if (waiting === 'approval') {
    return (
      <Notice tone="warn" live title="Waits for a second person">
        {target.name} asks for an approval of every plan. Ask for it on the page of the round; when it is given, the
        round is applied by itself. {restoreLink}
      </Notice>
    )
  }
  if (waiting === 'paused') {
    return (
      <Notice tone="warn" live title={`Waits: round ${round?.number} is paused`}>
        {restoreLink}
      </Notice>
    )
  }
  if (state === 'failed' || state === 'stopped') {
    return (
      <Notice tone={state === 'failed' ? 'warn' : 'info'} live title="The source is not followed any more">
        {target.name} stays as the last round left it. Go on plans a new round against both clusters as they are now;
        each round can be undone on its own page. {restoreLink}
      </Notice>
    )
  }
  const words = wordsOf(migration)
  if (words === null) return null
  return (
    <section aria-label="Progress" className="flex flex-col gap-3 rounded-lg border border-accent/40 bg-surface p-4">
      <p role="status" className="font-medium text-sm">
        {words}
      </p>
      {(round?.progress ?? migration.proofProgress) && (
        <JobProgress progress={round?.progress ?? migration.proofProgress} label="Progress of the round" />
      )}
    </section>
  )
}

function wordsOf({ state, rounds, isFinishing, proofProgress }: MigrationView): string | null {
  const round = rounds[0]
  const atWork = round && round.finishedAt === null ? round : null
  if (state === 'checking') return 'Checking: both clusters are read and compared. Nothing is written.'
  if (state === 'copying') return 'Copying. You can leave this page: it goes on, and a crash resumes where it was.'
  if (state === 'following') {
    return atWork
      ? `Following: round ${atWork.number} is under way.`
      : 'Following: the target is as the source was at the last round.'
  }
  if (isFinishing) {
    return proofProgress
      ? 'Comparing both clusters while the source stands still.'
      : 'Final rounds, until one finds nothing to write.'
  }
  return null
}
