import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseRoots } from '../engine/scope.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { assertNameFree } from './create-schedule.ts'
import { factsOf, firstTurn, getScheduleRow, SCHEDULE_COLUMNS } from './schedule-row.ts'
import { updateScheduleSchema } from './schemas.ts'

/**
 * Changes a schedule as a whole. Another cron, zone or jitter, or being switched on again, begins anew: what was not served until now is not
 * made up. A turn under way is fenced off by the token.
 */
export async function updateSchedule(
  context: ServiceContext,
  input: z.input<typeof updateScheduleSchema>,
): Promise<void> {
  const { scheduleId, paths, jitterMinutes, ...chosen } = parseInput(updateScheduleSchema, input)
  const { clusterId } = await getScheduleRow(context, scheduleId)
  const { name } = await getClusterForWriting(context, clusterId)
  const jitterSeconds = Math.round(jitterMinutes * 60)
  const turn = firstTurn({ id: scheduleId, ...chosen, jitterSeconds }, context.clock.now())
  const scopePaths = parseRoots(paths)
  await mutate(
    context,
    { action: 'schedule.update', cluster: { id: clusterId, name }, after: { schedule: scheduleId } },
    async (tx, record) => {
      await assertNameFree(tx, { clusterId, name: chosen.name, except: scheduleId })
      const before = await tx.schedule.findUniqueOrThrow({ where: { id: scheduleId }, select: SCHEDULE_COLUMNS })
      const after = { ...chosen, cron: turn.cron, scopePaths, jitterSeconds, pausedUntil: before.pausedUntil }
      record({ before: factsOf(before), after: factsOf(after) })
      const isAnew =
        before.cron !== turn.cron ||
        before.timeZone !== chosen.timeZone ||
        before.jitterSeconds !== jitterSeconds ||
        !before.enabled
      await tx.schedule.update({
        where: { id: scheduleId },
        data: { ...after, ...(isAnew ? turn : {}), leaseOwner: null, leaseUntil: null, leaseToken: { increment: 1 } },
        select: { id: true },
      })
    },
  )
}
