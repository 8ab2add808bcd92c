import type { Prisma, PrismaClient } from '../adapters/database/generated/client.ts'

export interface SweptJob {
  readonly id: string
  readonly kind: string
  readonly subjectId: string | null
  readonly outcome: 'requeued' | 'failed' | 'cancelled'
}

/** Why a swept job failed, as its error view. */
export const WORKER_STOPPED: Prisma.InputJsonObject = {
  code: 'WORKER_STOPPED',
  message: 'the worker stopped while it ran this job',
  unaffected: 'nothing unfinished is in the catalog',
  remedy: 'retry the job; see the log of the worker when it happens again',
}

/**
 * Jobs whose owner gave no sign of life within its lease: queued again while attempts are left, else failed. `onSettled` runs in the
 * transaction that ends a job, so that what it worked for (a diff, a restore) is ended with it.
 */
export async function sweepJobs(
  db: PrismaClient,
  nowMs: number,
  onSettled: (tx: Prisma.TransactionClient, job: SweptJob) => Promise<void>,
): Promise<SweptJob[]> {
  const now = new Date(nowMs)
  const expired = await db.job.findMany({
    where: { state: 'running', leaseUntil: { lt: now } },
    select: {
      id: true,
      kind: true,
      subjectId: true,
      attempts: true,
      attemptsMax: true,
      leaseToken: true,
      leaseUntil: true,
      cancelRequestedAt: true,
    },
  })
  const swept: SweptJob[] = []
  for (const row of expired) {
    const outcome = row.cancelRequestedAt ? 'cancelled' : row.attempts < row.attemptsMax ? 'requeued' : 'failed'
    const job: SweptJob = { id: row.id, kind: row.kind, subjectId: row.subjectId, outcome }
    const taken = await db.$transaction(async (tx) => {
      const { count } = await tx.job.updateMany({
        where: { id: row.id, state: 'running', leaseToken: row.leaseToken, leaseUntil: row.leaseUntil },
        data:
          outcome === 'requeued'
            ? { state: 'queued', holds: null, leaseOwner: null, leaseUntil: null, runAfter: now }
            : {
                state: outcome,
                holds: null,
                leaseOwner: null,
                leaseUntil: null,
                finishedAt: now,
                ...(outcome === 'failed' ? { error: WORKER_STOPPED } : {}),
              },
      })
      if (count === 0) return false
      await tx.jobLog.create({
        data: {
          jobId: row.id,
          at: now,
          level: outcome === 'requeued' ? 'warn' : 'error',
          message:
            outcome === 'requeued'
              ? 'The worker stopped; the job waits for another one'
              : 'The worker stopped; no attempt is left',
        },
      })
      if (outcome !== 'requeued') await onSettled(tx, job)
      return true
    })
    if (taken) swept.push(job)
  }
  return swept
}
