import type { PrismaClient } from '../../adapters/database/generated/client.ts'
import { plannedAt } from '../../domain/retention/schedule-turn.ts'
import { jitterOf, SCHEDULE_COLUMNS, timesOf } from './schedule-row.ts'

/**
 * A clock that stood too far ahead, and was set right, has moved schedules on past times that are still to come: without this no backup would
 * be taken until then. A time that was served already is not served again. Gives how many were moved back.
 */
export async function mendSchedules(db: PrismaClient, nowMs: number): Promise<number> {
  const rows = await db.schedule.findMany({
    where: { enabled: true, nextDueAt: { gt: new Date(nowMs) } },
    select: SCHEDULE_COLUMNS,
  })
  let moved = 0
  for (const row of rows) {
    const times = timesOf(row)
    const dueMs = times?.next(nowMs) ?? null
    if (times === null || dueMs === null || dueMs >= row.nextDueAt.getTime()) continue
    const { count } = await db.schedule.updateMany({
      where: { id: row.id, enabled: true, cron: row.cron, timeZone: row.timeZone, nextDueAt: row.nextDueAt },
      data: {
        nextDueAt: new Date(dueMs),
        nextRunAt: new Date(plannedAt(times, jitterOf(row), dueMs)),
        leaseOwner: null,
        leaseUntil: null,
      },
    })
    moved += count
  }
  return moved
}
