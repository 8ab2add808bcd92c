import type { PrismaClient } from '../adapters/database/generated/client.ts'
import { type ClaimedJob, ownedBy } from './claim-job.ts'
import { LEASE_MS } from './definitions.ts'

export type Beat = { readonly owned: false } | { readonly owned: true; readonly cancelRequested: boolean }

/** Extends the lease. `owned: false` is final: another worker may have the job already. */
export async function beatJob(db: Pick<PrismaClient, 'job'>, job: ClaimedJob, nowMs: number): Promise<Beat> {
  const { count } = await db.job.updateMany({
    where: ownedBy(job),
    data: { leaseUntil: new Date(nowMs + LEASE_MS) },
  })
  if (count === 0) return { owned: false }
  const row = await db.job.findUnique({ where: { id: job.id }, select: { cancelRequestedAt: true } })
  return { owned: true, cancelRequested: row?.cancelRequestedAt != null }
}
