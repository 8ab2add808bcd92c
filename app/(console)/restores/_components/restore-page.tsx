'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { COUNTER_WORDS } from '@/app/_components/restore-fidelity-options.tsx'
import { CONFLICT_WORDS, MODE_WORDS } from '@/app/_components/restore-words.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { describeReadFrom } from '@/lib/domain/snapshot/read-from.ts'
import type { ApprovalView } from '@/lib/services/approvals/views.ts'
import type { PlanView, RestoreState, RestoreView } from '@/lib/services/restores/views.ts'
import { ApprovalCard } from '../../_components/approval-card.tsx'
import { inSentence } from '../../_components/approval-words.ts'
import { ConfirmRestore } from './confirm-restore.tsx'
import { DeletionsCard } from './deletions-card.tsx'
import { describePlanButton } from './describe-plan-button.ts'
import { FidelityCard } from './fidelity-card.tsx'
import { LaterWritesCard } from './later-writes.tsx'
import { LiveGuards } from './live-guards.tsx'
import { PlanNumbers } from './plan-numbers.tsx'
import { PlanStepsTable } from './plan-steps-table.tsx'
import { RestoreButtons } from './restore-buttons.tsx'
import { RestoreReport } from './restore-report.tsx'
import { RestoreStateBadge } from './restore-state-badge.tsx'
import { type RestoreStep, RestoreSteps } from './restore-steps.tsx'
import { StaleLines } from './stale-lines.tsx'
import { StepResultsCard } from './step-results.tsx'

const BUSY: readonly RestoreState[] = ['planning', 'queued', 'running']
const LEFT_UNDONE: readonly RestoreState[] = ['conflict', 'incomplete', 'failed', 'cancelled']
const BUSY_MS = 800
const QUIET_MS = 8000

const STEP_OF: Record<RestoreState, RestoreStep> = {
  planning: 'plan',
  planned: 'confirm',
  'plan-failed': 'plan',
  queued: 'run',
  running: 'run',
  paused: 'run',
  conflict: 'run',
  succeeded: 'result',
  incomplete: 'result',
  failed: 'run',
  cancelled: 'result',
}

/** One restore from its plan to its undo. All of it is in the database: the page can be left and opened again at any step. */
export function RestorePage({ initial }: { initial: RestoreView }) {
  const query = useQuery({
    queryKey: ['restore', initial.id],
    queryFn: ({ signal }) => requestJson<RestoreView>(paths.api.restore(initial.id), { signal }),
    initialData: initial,
    refetchInterval: ({ state }) => (state.data && BUSY.includes(state.data.state) ? BUSY_MS : QUIET_MS),
  })
  const restore = query.data
  return (
    <div className="flex max-w-6xl flex-col gap-4">
      <div>
        <PageHeader
          crumbs={[
            { href: paths.cluster(restore.clusterId), text: restore.clusterName },
            { href: paths.cluster(restore.clusterId, 'restores'), text: 'Restores' },
          ]}
          title={`${restore.isEdit ? 'Edit on' : restore.undoOfId ? 'Undo on' : 'Restore to'} ${restore.clusterName}`}
          badges={
            <>
              <EnvironmentBadge environment={restore.clusterEnvironment} />
              <RestoreStateBadge state={restore.state} approval={restore.approval?.state} />
            </>
          }
          actions={<RestoreButtons restore={restore} onDone={() => query.refetch()} />}
        >
          {restore.scopeLabel} from {restore.sourceLabel}. Made <RelativeTime at={restore.createdAt} /> by{' '}
          {restore.createdByName}.
        </PageHeader>
        {!restore.isEdit && <RestoreSteps current={STEP_OF[restore.state]} />}
      </div>
      {query.error && <ErrorNotice error={viewOfError(query.error)} />}
      {/* A conflict is told by the result below, with what to do. */}
      {restore.error && !(restore.state === 'conflict' && restore.report) && <ErrorNotice error={restore.error} />}
      <Related restore={restore} />
      {BUSY.includes(restore.state) && <Progress restore={restore} />}
      {restore.state === 'paused' && <Paused restore={restore} />}
      {restore.report && <RestoreReport restore={restore} report={restore.report} />}
      {restore.plan && (
        <Card title="Plan">
          <PlanNumbers plan={restore.plan} />
        </Card>
      )}
      {restore.plan && restore.plan.deletes > 0 && <DeletionsCard restore={restore} plan={restore.plan} />}
      {restore.plan && <LaterWritesCard restore={restore} plan={restore.plan} onDone={() => query.refetch()} />}
      {(restore.stale !== null || LEFT_UNDONE.includes(restore.state)) && restore.canReplanStale.ok && (
        <StaleLines restore={restore} onDone={() => query.refetch()} />
      )}
      {restore.plan?.fidelity && (
        <FidelityCard
          restoreId={restore.id}
          fidelity={restore.plan.fidelity}
          readBack={restore.report?.fidelity ?? null}
        />
      )}
      {restore.state === 'planned' && restore.plan && restore.plan.steps > 0 && <LiveGuards restoreId={restore.id} />}
      {restore.plan &&
        restore.approval &&
        (restore.state === 'planned' || restore.approval.latest !== null || restore.approval.canRequest.ok) && (
          <Approval restore={restore} plan={restore.plan} approval={restore.approval} onDone={() => query.refetch()} />
        )}
      {restore.state === 'planned' && restore.plan && (
        <ConfirmRestore restore={restore} plan={restore.plan} onDone={() => query.refetch()} />
      )}
      <Card title="How">
        <Facts
          items={[
            ['From', restore.sourceLabel],
            ...(restore.plan?.readFrom
              ? [['The plan was', inSentence(describeReadFrom(restore.plan.readFrom))] as [string, string]]
              : []),
            ['What', restore.scopeLabel],
            ['Mode', `${MODE_WORDS[restore.mode].label}. ${MODE_WORDS[restore.mode].hint}`],
            ['On conflict', `${CONFLICT_WORDS[restore.onConflict].label}. ${CONFLICT_WORDS[restore.onConflict].hint}`],
            ['Sequence counters', COUNTER_WORDS[restore.options.counters].label],
            ['Quotas', restore.options.quotas ? 'Restored too' : 'Left as they are'],
            ['Reason', restore.reason ?? 'given when it is confirmed'],
            [
              'Safety backup',
              restore.safetyBackupId ? (
                <Link key="safety" href={paths.backup(restore.safetyBackupId)} className="link">
                  Open the safety backup
                </Link>
              ) : (
                'taken right before the first write'
              ),
            ],
          ]}
        />
      </Card>
      {restore.report && restore.plan && <StepResultsCard restore={restore} />}
      {restore.plan && (
        <PlanStepsTable restoreId={restore.id} planHash={restore.plan.hash} steps={restore.plan.steps} />
      )}
    </div>
  )
}

function Approval({
  restore,
  plan,
  approval,
  onDone,
}: {
  restore: RestoreView
  plan: PlanView
  approval: ApprovalView
  onDone: () => void
}) {
  const subject = {
    kind: 'restore',
    id: restore.id,
    planHash: plan.hash,
    clusterName: restore.clusterName,
    what:
      restore.state === 'planned'
        ? inSentence(describePlanButton(plan, restore.clusterName))
        : `go on writing to ${restore.clusterName}`,
    purposes: ['run'],
  } as const
  return <ApprovalCard subject={subject} approval={approval} onDone={onDone} />
}

function Related({ restore }: { restore: RestoreView }) {
  return (
    <>
      {restore.undoOfId && (
        <p className="text-sm">
          <Badge>undo</Badge> This takes back{' '}
          <Link href={paths.restore(restore.undoOfId)} className="link">
            an earlier restore or edit
          </Link>
          .
        </p>
      )}
      {restore.undoneById && (
        <Notice title="There is an undo of this restore">
          <Link href={paths.restore(restore.undoneById)} className="link">
            Open the undo
          </Link>
        </Notice>
      )}
    </>
  )
}

const BUSY_WORDS: Partial<Record<RestoreState, string>> = {
  planning: 'Making the plan: both trees are read and compared. Nothing is written.',
  queued: 'Waiting for a worker. Nothing was written yet.',
  running: 'Running. You can leave this page: it goes on, and a crash resumes where it was.',
}

function Progress({ restore }: { restore: RestoreView }) {
  return (
    <section aria-label="Progress" className="flex flex-col gap-3 rounded-lg border border-accent/40 bg-surface p-4">
      <p role="status" className="font-medium text-sm">
        {restore.pauseRequested ? 'Pauses before its next batch.' : BUSY_WORDS[restore.state]}
      </p>
      <JobProgress progress={restore.progress} label="Progress of the restore" />
    </section>
  )
}

function Paused({ restore }: { restore: RestoreView }) {
  const steps = restore.plan?.steps ?? 0
  const settled = restore.report ? restore.report.applied + restore.report.alreadyDone + restore.report.skipped : 0
  return (
    <Notice
      tone="warn"
      live
      title={
        <>
          Paused {restore.pausedAt && <RelativeTime at={restore.pausedAt} />}: {formatCount(settled)} of{' '}
          {plural(steps, 'step')} settled
        </>
      }
    >
      Nothing is on its way, and other work goes on. Resume writes the {plural(steps - settled, 'step')} that{' '}
      {steps - settled === 1 ? 'is' : 'are'} left: what somebody changes meanwhile is a conflict and is never
      overwritten unseen{restore.onConflict === 'overwrite' && ', unless you have chosen to overwrite'}.
    </Notice>
  )
}
