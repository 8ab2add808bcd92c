import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { getScheduleRow } from './schedule-row.ts'
import { PAUSE_DAYS_MAX, pauseScheduleSchema } from './schemas.ts'

/** Nothing is started until then. What comes due meanwhile counts as missed, and is made up by one run afterwards. Null ends the pause. */
export async function pauseSchedule(
  context: ServiceContext,
  input: z.input<typeof pauseScheduleSchema>,
): Promise<void> {
  const { scheduleId, until } = parseInput(pauseScheduleSchema, input)
  const { clusterId } = await getScheduleRow(context, scheduleId)
  const { name } = await getClusterForWriting(context, clusterId)
  const nowMs = context.clock.now()
  const pausedUntil = until === null ? null : new Date(until)
  if (pausedUntil !== null && !isSoon(pausedUntil.getTime() - nowMs)) {
    const message = `Choose a time from now on, and within ${PAUSE_DAYS_MAX} days`
    throw new ServiceError('INVALID_INPUT', message, {
      unaffected: 'nothing was changed',
      details: { fields: { until: message } },
    })
  }
  await mutate(
    context,
    {
      action: 'schedule.pause',
      cluster: { id: clusterId, name },
      after: { schedule: scheduleId, pausedUntil: pausedUntil?.toISOString() ?? null },
    },
    async (tx, record) => {
      const before = await tx.schedule.findUniqueOrThrow({
        where: { id: scheduleId },
        select: { name: true, pausedUntil: true },
      })
      record({ before: { name: before.name, pausedUntil: before.pausedUntil?.toISOString() ?? null } })
      await tx.schedule.update({
        where: { id: scheduleId },
        // An end that was brought forward is kept: it tells why the times before it were not served.
        data: {
          pausedUntil: pausedUntil ?? (before.pausedUntil ? new Date(nowMs) : null),
          leaseToken: { increment: 1 },
        },
        select: { id: true },
      })
    },
  )
}

function isSoon(aheadMs: number): boolean {
  return aheadMs > 0 && aheadMs <= PAUSE_DAYS_MAX * 24 * 3_600_000
}
