import type { Prisma, PrismaClient } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'

/** False when the worker is no longer the owner. */
export async function reportJobProgress(
  db: Pick<PrismaClient, 'job'>,
  job: ClaimedJob,
  progress: Prisma.InputJsonObject,
): Promise<boolean> {
  const { count } = await db.job.updateMany({ where: ownedBy(job), data: { progress } })
  return count === 1
}
