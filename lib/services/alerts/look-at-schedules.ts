import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { describeAge, type Finding, isOn, type Look, type LookContext, type LookedAt } from './finding.ts'

const MINUTE_MS = 60_000
/** What did not bring a backup though it was due. What was cancelled, somebody has cancelled. */
const BROUGHT_NONE = ['failed', 'missed', 'skipped']

interface ScheduleRow {
  readonly id: string
  readonly name: string
  readonly clusterId: string
  readonly jitterSeconds: number
  readonly nextDueAt: Date
  readonly nextRunAt: Date
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What each schedule that is on promises: a backup that failed since its last good one, and one that did not come in time. */
export const lookAtSchedules: Look = {
  rules: ['backup-failed', 'backup-late'],
  find: async (look) => {
    const { db } = look.context
    const schedules: ScheduleRow[] = await db.schedule.findMany({
      where: { enabled: true, OR: [{ pausedUntil: null }, { pausedUntil: { lte: new Date(look.nowMs) } }] },
      orderBy: { id: 'asc' },
      select: {
        id: true,
        name: true,
        clusterId: true,
        jitterSeconds: true,
        nextDueAt: true,
        nextRunAt: true,
        createdAt: true,
        updatedAt: true,
      },
    })
    const findings: Finding[] = []
    for (const schedule of schedules) {
      const cluster = look.clusters.get(schedule.clusterId)
      if (cluster) findings.push(...(await ofSchedule(look, cluster, schedule)))
    }
    return findings
  },
}

async function ofSchedule(look: LookContext, cluster: LookedAt, schedule: ScheduleRow): Promise<Finding[]> {
  const since = await findUnserved(look.context, schedule)
  const about = { cluster, subject: schedule.id, about: 'backups' } as const
  const graceMs = (look.settingsOf('backup-late', cluster.id).numbers.graceMinutes ?? 60) * MINUTE_MS
  const findings: Finding[] = []
  if (since.failure && isOn(look, 'backup-failed', cluster.id)) {
    const { code } = since.failure
    const text = `The last backup of ${cluster.name} by the schedule ${schedule.name} failed${code ? ` (${code})` : ''}`
    findings.push({ rule: 'backup-failed', ...about, text })
  }
  if (!isOn(look, 'backup-late', cluster.id)) return findings
  const waitsMs = look.nowMs - schedule.nextRunAt.getTime()
  const lateMs = since.firstDueAt ? look.nowMs - since.firstDueAt.getTime() : waitsMs
  if (Math.max(lateMs, waitsMs) > graceMs) {
    const text = `A backup of ${cluster.name} by the schedule ${schedule.name} has been due for ${describeAge(Math.max(lateMs, waitsMs))}`
    findings.push({ rule: 'backup-late', ...about, text })
  }
  return findings
}

/** Since its last backup: the first time that brought none, and whether the last one failed. */
async function findUnserved({ db }: ServiceContext, { id, createdAt }: ScheduleRow) {
  const good = await db.scheduleRun.findFirst({
    where: { scheduleId: id, state: 'succeeded' },
    orderBy: [{ dueAt: 'desc' }, { id: 'desc' }],
    select: { dueAt: true },
  })
  const since = { scheduleId: id, state: { in: BROUGHT_NONE }, dueAt: { gt: good?.dueAt ?? createdAt } }
  const select = { dueAt: true, state: true, error: true } as const
  const first = await db.scheduleRun.findFirst({ where: since, orderBy: [{ dueAt: 'asc' }, { id: 'asc' }], select })
  const last = await db.scheduleRun.findFirst({ where: since, orderBy: [{ dueAt: 'desc' }, { id: 'desc' }], select })
  const failure = last?.state === 'failed' ? { code: parseErrorView(last.error)?.code ?? null } : null
  return { firstDueAt: first?.dueAt ?? null, failure }
}
