import type { z } from 'zod'
import { isSeverity, SEVERITY_RANK } from '../../domain/alerts/rules.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { nameTokens } from './name-tokens.ts'
import { alertFilterSchema } from './schemas.ts'
import { ALERT_SUBJECTS, type AlertsView, type AlertView, type OpenAlertCounts } from './views.ts'

const OPEN_MAX = 500
const HISTORY_PAGE = 50
/** Rules are looked at every minute: after so long nobody does. */
const STALE_MS = 5 * 60_000

type Row = NonNullable<Awaited<ReturnType<ServiceContext['db']['alert']['findFirst']>>>

/** What is open, and a page of what is over. Of clusters that the actor sees. */
export async function listAlerts(
  context: ServiceContext,
  input: z.input<typeof alertFilterSchema> = {},
): Promise<AlertsView> {
  const { clusterId, before } = parseInput(alertFilterSchema, input)
  const { db } = context
  const of = clusterId === '' ? {} : { clusterId }
  const open = await db.alert.findMany({
    where: { ...of, state: { in: ['pending', 'firing'] } },
    orderBy: [{ since: 'asc' }, { id: 'asc' }],
    take: OPEN_MAX,
  })
  const from = before === '' ? null : await db.alert.findFirst({ where: { id: before } })
  const older = from ? { OR: [{ since: { lt: from.since } }, { since: from.since, id: { lt: from.id } }] } : {}
  const history = await db.alert.findMany({
    where: { ...of, state: 'resolved', ...older },
    orderBy: [{ since: 'desc' }, { id: 'desc' }],
    take: HISTORY_PAGE + 1,
  })
  const page = history.slice(0, HISTORY_PAGE)
  const notices = await countNotices(context, [...open, ...page])
  const said = await nameTokens(context, [...open, ...page])
  const toView = (row: Row) => toAlertView(said(row), notices.get(row.id))
  const rank = (row: Row) => (isSeverity(row.severity) ? SEVERITY_RANK[row.severity] : 0)
  const firing = open.filter(({ state }) => state === 'firing').sort((a, b) => rank(b) - rank(a))
  const watch = await db.alertWatch.findUnique({ where: { id: 1 } })
  return {
    open: firing.map(toView),
    pending: open.filter(({ state }) => state === 'pending').map(toView),
    history: page.map(toView),
    lookedAt: watch?.lastRunAt?.toISOString() ?? null,
    isStale: context.clock.now() - (watch?.lastRunAt?.getTime() ?? 0) > STALE_MS,
    faults: toFaults(watch?.faults),
    next: history.length > HISTORY_PAGE ? (page.at(-1)?.id ?? null) : null,
  }
}

/** One alert by its id, for the link of a notice; null when it is not there, or not to be seen. */
export async function findAlert(context: ServiceContext, alertId: string): Promise<AlertView | null> {
  const row = await context.db.alert.findFirst({ where: { id: alertId } })
  if (!row) return null
  const said = await nameTokens(context, [row])
  return toAlertView(said(row), (await countNotices(context, [row])).get(row.id))
}

/** How many fire, for the badge that every page shows. */
export async function countOpenAlerts({ db }: Pick<ServiceContext, 'db'>): Promise<OpenAlertCounts> {
  const rows = await db.alert.groupBy({
    by: ['severity', 'clusterId'],
    where: { state: 'firing' },
    _count: { _all: true },
  })
  const of = (severity: string) =>
    rows.filter((row) => row.severity === severity).reduce((sum, row) => sum + row._count._all, 0)
  const byCluster: Record<string, number> = {}
  for (const { clusterId, _count } of rows) {
    if (clusterId !== null) byCluster[clusterId] = (byCluster[clusterId] ?? 0) + _count._all
  }
  return { critical: of('critical'), warning: of('warning'), info: of('info'), byCluster }
}

/** Those that fire, for the overview. */
export async function listFiringAlerts(context: ServiceContext): Promise<AlertView[]> {
  const rows = await context.db.alert.findMany({
    where: { state: 'firing' },
    orderBy: [{ since: 'asc' }, { id: 'asc' }],
    take: OPEN_MAX,
  })
  const said = await nameTokens(context, rows)
  return rows.map((row) => toAlertView(said(row), undefined))
}

type NoticeCounts = { sent: number; waiting: number; dead: number }

async function countNotices({ db }: ServiceContext, rows: readonly Row[]): Promise<Map<string, NoticeCounts>> {
  const counts = await db.alertDelivery.groupBy({
    by: ['alertId', 'state'],
    where: { alertId: { in: rows.map(({ id }) => id) } },
    _count: { _all: true },
  })
  const found = new Map<string, NoticeCounts>()
  for (const { alertId, state, _count } of counts) {
    const known = found.get(alertId) ?? { sent: 0, waiting: 0, dead: 0 }
    if (state === 'sent' || state === 'waiting' || state === 'dead') known[state] = _count._all
    found.set(alertId, known)
  }
  return found
}

function toAlertView(row: Row, notices: NoticeCounts | undefined): AlertView {
  return {
    id: row.id,
    rule: row.rule,
    state: row.state === 'firing' || row.state === 'resolved' ? row.state : 'pending',
    severity: isSeverity(row.severity) ? row.severity : 'critical',
    title: row.title,
    text: row.text,
    cluster: row.clusterId === null ? null : { id: row.clusterId, name: row.clusterName ?? row.clusterId },
    about: ALERT_SUBJECTS.find((known) => known === row.about) ?? 'overview',
    aboutId: row.aboutId,
    since: row.since.toISOString(),
    firedAt: row.firedAt?.toISOString() ?? null,
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    endedBecause: row.endedBecause,
    clearSince: row.clearSince?.toISOString() ?? null,
    acknowledged: row.acknowledgedAt && {
      at: row.acknowledgedAt.toISOString(),
      by: row.acknowledgedByName ?? 'somebody',
      reason: row.acknowledgeReason ?? '',
      silentUntil: row.silentUntil?.toISOString() ?? null,
    },
    notices: notices ?? { sent: 0, waiting: 0, dead: 0 },
  }
}

function toFaults(json: unknown): AlertsView['faults'] {
  if (!Array.isArray(json)) return []
  return json.flatMap((each: unknown) =>
    typeof each === 'object' && each !== null && 'rule' in each && 'message' in each
      ? [{ rule: String(each.rule), message: String(each.message) }]
      : [],
  )
}
