import type { Prisma } from '../../adapters/database/generated/client.ts'
import { toSourceFaults } from '../backups/source-faults.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import type { ScheduleRunKind, ScheduleRunState, ScheduleRunView } from './views.ts'

type RunRow = Prisma.ScheduleRunGetPayload<object>

const KINDS: readonly ScheduleRunKind[] = ['due', 'make-up', 'by-hand']
const ENDS: readonly ScheduleRunState[] = ['succeeded', 'failed', 'cancelled', 'skipped', 'missed']

/** Whether a started one waits or runs is for its job to say, and whether its backup is still there for the catalog. */
export async function toRunViews(
  { db }: Pick<ServiceContext, 'db'>,
  rows: readonly RunRow[],
): Promise<ScheduleRunView[]> {
  const started = rows.filter(({ state }) => state === 'started')
  const jobs = await db.job.findMany({
    where: { id: { in: started.flatMap(({ jobId }) => jobId ?? []) } },
    select: { id: true, state: true, startedAt: true },
  })
  const backups = await db.backup.findMany({
    where: { id: { in: rows.flatMap(({ backupId }) => backupId ?? []) }, deletedAt: null },
    select: { id: true },
  })
  return rows.map((row) => {
    const job = jobs.find(({ id }) => id === row.jobId)
    const startedAt = row.startedAt ?? job?.startedAt ?? null
    return {
      id: row.id,
      scheduleId: row.scheduleId,
      scheduleName: row.scheduleName,
      clusterId: row.clusterId,
      dueAt: row.dueAt.toISOString(),
      kind: KINDS.find((kind) => kind === row.kind) ?? 'due',
      state: ENDS.find((state) => state === row.state) ?? (job?.state === 'running' ? 'running' : 'waiting'),
      reason: row.reason,
      missed:
        row.missedCount > 0 && row.missedFrom && row.missedTo
          ? { count: row.missedCount, from: row.missedFrom.toISOString(), to: row.missedTo.toISOString() }
          : null,
      jobId: row.jobId,
      backupId: backups.find(({ id }) => id === row.backupId)?.id ?? null,
      source: row.source,
      sourceFaults: toSourceFaults(row.sourceFaults),
      // What an earlier attempt met, which a person had retried since, is the job's to tell.
      error: row.state === 'failed' ? parseErrorView(row.error) : null,
      createdAt: row.createdAt.toISOString(),
      startedAt: startedAt?.toISOString() ?? null,
      finishedAt: row.finishedAt?.toISOString() ?? null,
      durationMs: startedAt && row.finishedAt ? row.finishedAt.getTime() - startedAt.getTime() : null,
    }
  })
}
