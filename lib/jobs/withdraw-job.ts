import type { Prisma } from '../adapters/database/generated/client.ts'

/** Ends a job that still waits for a worker; false when one has it, or when it has ended: then nothing was written. */
export async function withdrawJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  jobId: string,
  nowMs: number,
): Promise<boolean> {
  const now = new Date(nowMs)
  const { count } = await tx.job.updateMany({
    where: { id: jobId, state: 'queued' },
    data: { state: 'cancelled', cancelRequestedAt: now, finishedAt: now },
  })
  return count === 1
}
