import type { Prisma, PrismaClient } from '../adapters/database/generated/client.ts'
import type { Clock } from '../base/clock.ts'
import { type Beat, beatJob } from '../jobs/beat-job.ts'
import { type ClaimedJob, claimJob } from '../jobs/claim-job.ts'
import { logJob } from '../jobs/log-job.ts'
import { postponeJob } from '../jobs/postpone-job.ts'
import { reportJobProgress } from '../jobs/report-job-progress.ts'
import { type JobOutcome, releaseJob, settleJob } from '../jobs/settle-job.ts'
import { type SweptJob, sweepJobs, WORKER_STOPPED } from '../jobs/sweep-jobs.ts'
import { auditJobFailure } from '../services/jobs/audit-job-failure.ts'
import { endSubject } from '../services/jobs/end-subject.ts'
import { parseErrorView } from '../services/jobs/to-job-view.ts'
import type { JobProgress } from '../services/jobs/views.ts'

/** What the loop needs of the queue: it knows no SQL. */
export interface Queue {
  /** The next job that waits, of none of the kinds `except`. */
  claim(except?: readonly string[]): Promise<ClaimedJob | null>
  beat(job: ClaimedJob): Promise<Beat>
  progress(job: ClaimedJob, progress: JobProgress): Promise<void>
  log(jobId: string, level: 'info' | 'warn' | 'error', message: string): Promise<void>
  /** False when the job is owned by another: then nothing was written. `commit` runs in the same transaction. */
  settle(
    job: ClaimedJob,
    outcome: JobOutcome,
    commit?: (tx: Prisma.TransactionClient) => Promise<void>,
  ): Promise<boolean>
  /** Whether this very claim has been settled as succeeded: what a failed answer to `settle` leaves open. */
  hasSucceeded(job: ClaimedJob): Promise<boolean>
  release(job: ClaimedJob): Promise<boolean>
  /** Gives the job back for another attempt in a moment. */
  postpone(job: ClaimedJob): Promise<boolean>
  sweep(): Promise<readonly SweptJob[]>
  /** A sign of life of the worker itself. */
  seen(): Promise<void>
  gone(): Promise<void>
}

export interface QueueOwner {
  readonly name: string
  readonly host: string
  readonly pid: number
}

export function createQueue(db: PrismaClient, clock: Clock, owner: QueueOwner): Queue {
  const startedAt = new Date(clock.now())
  return {
    claim: (except) => claimJob(db, { owner: owner.name, nowMs: clock.now(), except }),
    beat: (job) => beatJob(db, job, clock.now()),
    progress: async (job, progress) => {
      await reportJobProgress(db, job, { ...progress })
    },
    log: (jobId, level, message) => logJob(db, { jobId, level, message, nowMs: clock.now() }),
    settle: (job, outcome, commit) =>
      db.$transaction(async (tx) => {
        const nowMs = clock.now()
        if (!(await settleJob(tx, job, outcome, nowMs))) return false
        await commit?.(tx)
        if (outcome.state !== 'succeeded') await endSubject(tx, { ...job, outcome: outcome.state }, nowMs)
        if (outcome.state === 'failed') await auditJobFailure(tx, clock, job, messageOf(outcome.error))
        return true
      }),
    hasSucceeded: async (job) => {
      const count = await db.job.count({ where: { id: job.id, leaseToken: job.token, state: 'succeeded' } })
      return count === 1
    },
    release: (job) => releaseJob(db, job, clock.now()),
    postpone: (job) => postponeJob(db, job, clock.now()),
    sweep: () =>
      sweepJobs(db, clock.now(), async (tx, job) => {
        if (job.outcome === 'requeued') return
        await endSubject(tx, { ...job, outcome: job.outcome }, clock.now())
        if (job.outcome === 'failed') await auditJobFailure(tx, clock, job, messageOf(WORKER_STOPPED))
      }),
    seen: async () => {
      const seenAt = new Date(clock.now())
      await db.workerHeartbeat.upsert({
        where: { id: owner.name },
        create: { id: owner.name, host: owner.host, pid: owner.pid, startedAt, seenAt },
        update: { seenAt },
        select: { id: true },
      })
    },
    gone: async () => {
      await db.workerHeartbeat.deleteMany({ where: { id: owner.name } })
    },
  }
}

function messageOf(error: unknown): string {
  const view = parseErrorView(error)
  return view ? `${view.code}: ${view.message}` : 'the job failed'
}
