import type { Prisma } from '../adapters/database/generated/client.ts'
import { JobError } from './errors.ts'
import { withdrawJob } from './withdraw-job.ts'

/** A waiting job ends at once; a running one is asked to stop and ends when its worker has seen it. */
export async function requestJobCancel(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  jobId: string,
  nowMs: number,
): Promise<'cancelled' | 'requested'> {
  if (await withdrawJob(tx, jobId, nowMs)) return 'cancelled'
  const running = await tx.job.updateMany({
    where: { id: jobId, state: 'running' },
    data: { cancelRequestedAt: new Date(nowMs) },
  })
  if (running.count === 1) return 'requested'
  const job = await tx.job.findUnique({ where: { id: jobId }, select: { state: true } })
  if (!job) throw new JobError('JOB_NOT_FOUND', `There is no job ${jobId}`)
  throw new JobError('JOB_WRONG_STATE', `The job is ${job.state} already`, { unaffected: 'nothing was changed' })
}
