import type { Prisma } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'

export type JobOutcome =
  | { readonly state: 'succeeded'; readonly result: Prisma.InputJsonObject }
  | { readonly state: 'failed' | 'cancelled'; readonly error: Prisma.InputJsonObject | null }

/** Ends the job, only while it is still owned; false when it is not: then nothing was written. */
export async function settleJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  job: Pick<ClaimedJob, 'id' | 'owner' | 'token'>,
  outcome: JobOutcome,
  nowMs: number,
): Promise<boolean> {
  const { count } = await tx.job.updateMany({
    where: ownedBy(job),
    data: {
      state: outcome.state,
      holds: null,
      finishedAt: new Date(nowMs),
      leaseOwner: null,
      leaseUntil: null,
      ...(outcome.state === 'succeeded' ? { result: outcome.result } : outcome.error ? { error: outcome.error } : {}),
    },
  })
  return count === 1
}

/** Gives the job back unfinished, for another worker to begin at once: a stopping worker is no fault of the job. False as in `postponeJob`. */
export async function releaseJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  job: Pick<ClaimedJob, 'id' | 'owner' | 'token'>,
  nowMs: number,
): Promise<boolean> {
  const { count } = await tx.job.updateMany({
    where: { ...ownedBy(job), cancelRequestedAt: null },
    data: {
      state: 'queued',
      holds: null,
      leaseOwner: null,
      leaseUntil: null,
      runAfter: new Date(nowMs),
      attempts: { decrement: 1 },
    },
  })
  return count === 1
}
