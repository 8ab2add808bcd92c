import type { Prisma } from '../adapters/database/generated/client.ts'
import { JobError } from './errors.ts'

/** Queues a failed or cancelled job once more, with one more attempt than it has used. */
export async function requeueJob(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  jobId: string,
  nowMs: number,
): Promise<void> {
  const job = await tx.job.findUnique({
    where: { id: jobId },
    select: { state: true, attempts: true, attemptsMax: true, leaseToken: true },
  })
  if (!job) throw new JobError('JOB_NOT_FOUND', `There is no job ${jobId}`)
  const { count } = await tx.job.updateMany({
    where: { id: jobId, state: { in: ['failed', 'cancelled'] }, leaseToken: job.leaseToken },
    data: {
      state: 'queued',
      cancelRequestedAt: null,
      finishedAt: null,
      runAfter: new Date(nowMs),
      attemptsMax: Math.max(job.attemptsMax, job.attempts + 1),
    },
  })
  if (count === 0) {
    throw new JobError('JOB_WRONG_STATE', `A job that is ${job.state} cannot be retried`, {
      unaffected: 'nothing was changed',
    })
  }
}
