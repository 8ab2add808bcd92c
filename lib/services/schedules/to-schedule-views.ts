import { describeCron, nextTimes } from '../../domain/retention/cron.ts'
import { findGaps, type Gaps } from '../../domain/retention/longest-gap.ts'
import { plannedAt } from '../../domain/retention/schedule-turn.ts'
import { toPaths } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { jitterOf, type ScheduleRow, timesOf, toSources } from './schedule-row.ts'
import { toRunViews } from './to-run-views.ts'
import type { ScheduleView } from './views.ts'

const NEXT_RUNS = 5
const LAST_BACKUPS = 10
const DAY_MS = 24 * 3_600_000

/** Rows as pages show them. */
export function toScheduleViews(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  rows: readonly ScheduleRow[],
): Promise<ScheduleView[]> {
  return Promise.all(rows.map((row) => toScheduleView(context, row)))
}

export async function toScheduleView(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  row: ScheduleRow,
): Promise<ScheduleView> {
  const { db } = context
  const nowMs = context.clock.now()
  const cluster = await db.cluster.findUnique({ where: { id: row.clusterId }, select: { name: true } })
  const last = await db.scheduleRun.findFirst({
    where: { scheduleId: row.id },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  const backupMs = await findLongestBackup(context, { clusterId: row.clusterId, scheduleId: row.id })
  const gaps = gapsOf(row, nowMs)
  return {
    id: row.id,
    clusterId: row.clusterId,
    clusterName: cluster?.name ?? row.clusterId,
    name: row.name,
    cron: row.cron,
    words: describeCron(row.cron),
    timeZone: row.timeZone,
    scopePaths: toPaths(row.scopePaths),
    sources: toSources(row.sources),
    jitterMinutes: row.jitterSeconds / 60,
    overlap: row.overlap === 'skip' ? 'skip' : 'wait',
    enabled: row.enabled,
    pausedUntil: row.pausedUntil && row.pausedUntil.getTime() > nowMs ? row.pausedUntil.toISOString() : null,
    note: row.note,
    nextRuns: row.enabled ? nextRunsOf(row, nowMs) : [],
    longestGap: gaps && { ms: gaps.longest.ms, from: new Date(gaps.longest.fromMs).toISOString() },
    warnings: warningsOf(row, gaps, backupMs),
    lastRun: last ? ((await toRunViews(context, [last]))[0] ?? null) : null,
    backups: await db.backup.count({ where: { scheduleId: row.id, deletedAt: null } }),
  }
}

/** The one that waits for a worker now is the first of them. */
function nextRunsOf(row: ScheduleRow, nowMs: number): string[] {
  const times = timesOf(row)
  if (times === null) return []
  const pausedMs = row.pausedUntil?.getTime() ?? 0
  const fromMs = Math.max(nowMs, pausedMs)
  const dues = row.nextRunAt.getTime() >= fromMs ? [row.nextDueAt.getTime()] : []
  const after = dues[0] ?? fromMs
  const all = [...dues, ...nextTimes(times, after, NEXT_RUNS)].slice(0, NEXT_RUNS)
  return all.map((due) => new Date(plannedAt(times, jitterOf(row), due)).toISOString())
}

const known = new Map<string, Gaps | null>()
const KNOWN_MAX = 500

/** The walk over a year takes a tenth of a second for a dense one: its answer holds for a day. */
export function gapsOf(row: Pick<ScheduleRow, 'cron' | 'timeZone'>, nowMs: number): Gaps | null {
  const dayMs = nowMs - (nowMs % DAY_MS)
  const key = `${dayMs} ${row.timeZone} ${row.cron}`
  const found = known.get(key)
  if (found !== undefined) return found
  const times = timesOf(row)
  const gaps = times && findGaps(times, dayMs)
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(key, gaps)
  return gaps
}

/** The longest of the last backups, of the schedule or of all of the cluster; null where there is none. */
export async function findLongestBackup(
  { db }: Pick<ServiceContext, 'db'>,
  { clusterId, scheduleId }: { readonly clusterId: string; readonly scheduleId?: string },
): Promise<number | null> {
  const of = (where: object) =>
    db.backup.findMany({
      where: { clusterId, deletedAt: null, purpose: { not: 'safety' }, source: { not: 'import' }, ...where },
      orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
      take: LAST_BACKUPS,
      select: { durationMs: true },
    })
  const own = scheduleId === undefined ? [] : await of({ scheduleId })
  const rows = own.length > 0 ? own : await of({})
  return rows.length === 0 ? null : Math.max(...rows.map(({ durationMs }) => durationMs))
}

function warningsOf(row: ScheduleRow, gaps: Gaps | null, backupMs: number | null): string[] {
  const warnings: string[] = []
  if (timesOf(row) === null) {
    warnings.push(`The cron or the time zone ${row.timeZone} is not known on this host: nothing will run. Set it anew.`)
  }
  if (gaps !== null && backupMs !== null && backupMs > gaps.shortestMs) {
    warnings.push(
      `Runs come ${words(gaps.shortestMs)} apart, and a backup took ${words(backupMs)}: runs will ${row.overlap === 'skip' ? 'be skipped' : 'wait or be skipped'}. Choose a longer distance.`,
    )
  }
  return warnings
}

function words(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.round(ms / 1000))} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}
