import type { Prisma } from '../../adapters/database/generated/client.ts'
import { failScheduleRun, reviveScheduleRun } from '../schedules/end-schedule-run.ts'

/**
 * What a job worked for ends with it: a diff or a plan that nobody makes any more must not look as if it were on its way.
 * In the transaction that ends the job. Success is told by the work's own commit.
 */
export async function endSubject(
  tx: Prisma.TransactionClient,
  job: {
    readonly id: string
    readonly kind: string
    readonly subjectId: string | null
    readonly outcome: 'failed' | 'cancelled'
  },
  nowMs: number,
): Promise<void> {
  if (job.subjectId === null) return
  const finishedAt = new Date(nowMs)
  if (job.kind === 'backup') {
    await failScheduleRun(tx, { backupId: job.subjectId, state: job.outcome, nowMs })
  } else if (job.kind === 'copy') {
    await tx.backupCopy.updateMany({
      where: { jobId: job.id, state: { in: ['queued', 'copying'] } },
      data: { state: 'failed' },
    })
  } else if (job.kind === 'diff') {
    await tx.diff.updateMany({
      where: { id: job.subjectId, state: { in: ['queued', 'running'] } },
      data: { state: 'failed', finishedAt },
    })
  } else if (job.kind === 'search') {
    await tx.search.updateMany({
      where: { id: job.subjectId, state: { in: ['queued', 'running'] } },
      data: { state: job.outcome, finishedAt },
    })
  } else if (job.kind === 'plan-restore') {
    await tx.restore.updateMany({
      where: { id: job.subjectId, state: 'planning' },
      data: { state: job.outcome === 'cancelled' ? 'cancelled' : 'plan-failed', finishedAt },
    })
  } else if (job.kind === 'run-restore') {
    await tx.restore.updateMany({
      where: { id: job.subjectId, state: { in: ['queued', 'running'] } },
      data: { state: job.outcome, finishedAt, pauseRequestedAt: null },
    })
  } else if (job.kind === 'physical-restore') {
    const end = async (states: string[], state: string) => {
      await tx.physicalRestore.updateMany({
        where: { id: job.subjectId ?? '', state: { in: states } },
        data: { state, finishedAt },
      })
    }
    await end(['checking'], job.outcome === 'cancelled' ? 'cancelled' : 'check-failed')
    await end(['queued', 'running'], job.outcome)
    await end(['undoing'], 'undo-failed')
  }
}

/** A retried job takes what it works for with it, back to where it waits. */
export async function reviveSubject(
  tx: Prisma.TransactionClient,
  job: { readonly id: string; readonly kind: string; readonly subjectId: string | null },
): Promise<void> {
  if (job.subjectId === null) return
  if (job.kind === 'backup') {
    await reviveScheduleRun(tx, job.subjectId)
  } else if (job.kind === 'copy') {
    await tx.backupCopy.updateMany({ where: { jobId: job.id, state: 'failed' }, data: { state: 'queued' } })
  } else if (job.kind === 'diff') {
    await tx.diff.updateMany({ where: { id: job.subjectId }, data: { state: 'queued', finishedAt: null } })
  } else if (job.kind === 'search') {
    await tx.search.updateMany({ where: { id: job.subjectId }, data: { state: 'queued', finishedAt: null } })
  } else if (job.kind === 'plan-restore') {
    await tx.restore.updateMany({ where: { id: job.subjectId }, data: { state: 'planning', finishedAt: null } })
  } else if (job.kind === 'run-restore') {
    await tx.restore.updateMany({
      where: { id: job.subjectId },
      data: { state: 'queued', finishedAt: null, pausedAt: null, pauseRequestedAt: null },
    })
  }
}
