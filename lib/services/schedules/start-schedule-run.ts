import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { getScheduleRow } from './schedule-row.ts'
import { writeStartedRun } from './start-backup-of-schedule.ts'

/** A run now, whatever the clock says, in the name of whoever asks for it; the schedule goes on as it would. */
export async function startScheduleRun(
  context: ServiceContext,
  scheduleId: string,
): Promise<{ readonly runId: string; readonly jobId: string; readonly backupId: string }> {
  const row = await getScheduleRow(context, scheduleId)
  const { name } = await getClusterForWriting(context, row.clusterId)
  const ids = { runId: context.newId(), jobId: context.newId(), backupId: context.newId() }
  const { runId, jobId, backupId } = ids
  await mutate(
    context,
    {
      action: 'backup.start',
      cluster: { id: row.clusterId, name },
      after: { backup: backupId, job: jobId, schedule: scheduleId, run: runId },
    },
    async (tx) => {
      const at = context.clock.now()
      // The time is a run's own: of two that ask within a millisecond the second is refused, as it should be.
      const run = { id: runId, kind: 'by-hand', dueAt: new Date(at), reason: null } as const
      await writeStartedRun(context, tx, row, { ...run, jobId, backupId })
    },
  )
  return ids
}
