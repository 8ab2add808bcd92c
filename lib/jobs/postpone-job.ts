import type { Prisma } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'

/** From the first attempt to the last but one: what is away for a minute is back before the attempts are used up. */
const PAUSES_MS = [2_000, 8_000, 20_000, 40_000]

/** Gives the job back for another attempt after a pause: what it needs was away, which is no fault of its own. The attempt counts. False when it is not owned, or was cancelled meanwhile. */
export async function postponeJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  job: Pick<ClaimedJob, 'id' | 'owner' | 'token' | 'attempts'>,
  nowMs: number,
): Promise<boolean> {
  const pauseMs = PAUSES_MS[Math.min(job.attempts, PAUSES_MS.length) - 1] ?? 0
  const { count } = await tx.job.updateMany({
    where: { ...ownedBy(job), cancelRequestedAt: null },
    data: { state: 'queued', holds: null, leaseOwner: null, leaseUntil: null, runAfter: new Date(nowMs + pauseMs) },
  })
  return count === 1
}
