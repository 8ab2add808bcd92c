import type { Prisma } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'

/**
 * Whether the worker still owns its job, and will until the transaction ends: whoever wants to take it over has to wait for the row. What is
 * written in the same transaction can thus not come after what the next owner reads.
 */
export async function holdJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  job: Pick<ClaimedJob, 'id' | 'owner' | 'token'>,
): Promise<boolean> {
  const { count } = await tx.job.updateMany({ where: ownedBy(job), data: { leaseToken: job.token } })
  return count === 1
}
