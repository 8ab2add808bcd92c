import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { SourceFault } from '../backups/source-faults.ts'

type Tx = Pick<Prisma.TransactionClient, 'scheduleRun' | 'job'>

/** In the transaction that puts the backup into the catalog. */
export async function succeedScheduleRun(
  tx: Tx,
  ended: {
    readonly backupId: string
    readonly source: string
    readonly faults: readonly SourceFault[]
    readonly startedAt: Date | null
    readonly nowMs: number
  },
): Promise<void> {
  await tx.scheduleRun.updateMany({
    where: { backupId: ended.backupId },
    data: {
      state: 'succeeded',
      source: ended.source,
      ...(ended.faults.length > 0 ? { sourceFaults: ended.faults.map((fault) => ({ ...fault })) } : {}),
      startedAt: ended.startedAt,
      finishedAt: new Date(ended.nowMs),
    },
  })
}

/** In the transaction that ends the job; the job's error is the run's. */
export async function failScheduleRun(
  tx: Tx,
  ended: { readonly backupId: string; readonly state: 'failed' | 'cancelled'; readonly nowMs: number },
): Promise<void> {
  const run = await tx.scheduleRun.findUnique({ where: { backupId: ended.backupId }, select: { jobId: true } })
  if (!run) return
  const job = await tx.job.findUnique({ where: { id: run.jobId ?? '' }, select: { startedAt: true, error: true } })
  await tx.scheduleRun.updateMany({
    where: { backupId: ended.backupId },
    data: {
      state: ended.state,
      startedAt: job?.startedAt ?? null,
      finishedAt: new Date(ended.nowMs),
      // It was written by us as JSON, and is copied as it is.
      ...(job?.error ? { error: job.error as Prisma.InputJsonObject } : {}),
    },
  })
}

/** Its job was queued again by a person. */
export async function reviveScheduleRun(tx: Tx, backupId: string): Promise<void> {
  await tx.scheduleRun.updateMany({ where: { backupId }, data: { state: 'started', finishedAt: null } })
}
