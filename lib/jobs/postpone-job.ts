import type { Prisma } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'

const POSTPONED_MS = 2_000

/** Gives the job back for another attempt in a moment: what it needs was away, which is no fault of its own. The attempt counts. */
export async function postponeJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  job: Pick<ClaimedJob, 'id' | 'owner' | 'token'>,
  nowMs: number,
): Promise<boolean> {
  const { count } = await tx.job.updateMany({
    where: ownedBy(job),
    data: { state: 'queued', leaseOwner: null, leaseUntil: null, runAfter: new Date(nowMs + POSTPONED_MS) },
  })
  return count === 1
}
