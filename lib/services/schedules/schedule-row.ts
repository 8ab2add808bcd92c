import type { Prisma } from '../../adapters/database/generated/client.ts'
import { type CronTimes, readCron } from '../../domain/retention/cron.ts'
import { type JitterOf, plannedAt } from '../../domain/retention/schedule-turn.ts'
import { toPaths } from '../backups/find-backup.ts'
import type { BackupSource } from '../backups/list-backup-sources.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { SCHEDULE_SOURCES } from './schemas.ts'

export const SCHEDULE_COLUMNS = {
  id: true,
  clusterId: true,
  name: true,
  cron: true,
  timeZone: true,
  scopePaths: true,
  sources: true,
  jitterSeconds: true,
  overlap: true,
  enabled: true,
  pausedUntil: true,
  note: true,
  nextDueAt: true,
  nextRunAt: true,
} as const satisfies Prisma.ScheduleSelect
export type ScheduleRow = Prisma.ScheduleGetPayload<{ select: typeof SCHEDULE_COLUMNS }>

export async function getScheduleRow(context: Pick<ServiceContext, 'db'>, scheduleId: string): Promise<ScheduleRow> {
  const row = await context.db.schedule.findUnique({ where: { id: scheduleId }, select: SCHEDULE_COLUMNS })
  if (row) return row
  throw new ServiceError('NOT_FOUND', `There is no schedule ${scheduleId}`, {
    remedy: 'it may have been removed: see the list of schedules',
  })
}

export function toSources(json: unknown): BackupSource[] {
  const list: unknown[] = Array.isArray(json) ? json : []
  const known = list.flatMap((each) => SCHEDULE_SOURCES.filter((source) => source === each))
  return known.length > 0 ? known : ['client']
}

/** Null where the cron cannot be read any more: a zone that this host does not know, for example. */
export function timesOf(row: Pick<ScheduleRow, 'cron' | 'timeZone'>): CronTimes | null {
  const reading = readCron(row.cron, row.timeZone)
  return reading.ok ? reading.times : null
}

export function jitterOf({ id, jitterSeconds }: Pick<ScheduleRow, 'id' | 'jitterSeconds'>): JitterOf {
  return { scheduleId: id, jitterMs: jitterSeconds * 1000 }
}

/** The first time from now on, as columns. Throws INVALID_INPUT by name of the field. */
export function firstTurn(
  row: { readonly id: string; readonly cron: string; readonly timeZone: string; readonly jitterSeconds: number },
  nowMs: number,
): { readonly cron: string; readonly nextDueAt: Date; readonly nextRunAt: Date } {
  const reading = readCron(row.cron, row.timeZone)
  const no = (field: string, message: string) =>
    new ServiceError('INVALID_INPUT', `The schedule cannot be read: ${message}`, {
      unaffected: 'nothing was changed',
      details: { fields: { [field]: message } },
    })
  if (!reading.ok) throw no(reading.field, reading.message)
  const dueMs = reading.times.next(nowMs)
  if (dueMs === null) throw no('cron', 'There is no such time any more')
  const runMs = plannedAt(reading.times, jitterOf(row), dueMs)
  return { cron: reading.times.text, nextDueAt: new Date(dueMs), nextRunAt: new Date(runMs) }
}

/** What the audit shows of it, before and after. */
export function factsOf(row: Omit<ScheduleRow, 'id' | 'clusterId' | 'nextDueAt' | 'nextRunAt'>) {
  return {
    name: row.name,
    cron: row.cron,
    timeZone: row.timeZone,
    paths: toPaths(row.scopePaths),
    sources: toSources(row.sources),
    jitterSeconds: row.jitterSeconds,
    overlap: row.overlap,
    enabled: row.enabled,
    pausedUntil: row.pausedUntil?.toISOString() ?? null,
    note: row.note,
  }
}
