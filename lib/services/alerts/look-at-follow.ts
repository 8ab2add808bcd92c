import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { judgeFollow } from '../follow/judge-follow.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { measureBehind } from '../logs/log-end.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { describeAge, type Finding, isOn, type Look, type LookContext } from './finding.ts'

const MINUTE_MS = 60_000
/** A gap is told that long; it stays on the cluster's page. */
const GAP_TOLD_MS = 7 * 24 * 60 * MINUTE_MS

type Row = Awaited<ReturnType<LookContext['context']['db']['clusterFollow']['findMany']>>[number]

/** What the streams of followed clusters tell: each rule of its own, from the rows that the workers write. */
export const lookAtFollow: Look = {
  rules: ['digest-parted', 'follow-down', 'follow-behind', 'follow-copy-behind', 'follow-gap'],
  find: async (look) => {
    const rows = await look.context.db.clusterFollow.findMany({ where: { enabled: true } })
    const gaps = await look.context.db.followGap.findMany({
      where: { closedAt: null, isCertain: true, toAt: { gt: new Date(look.nowMs - GAP_TOLD_MS) } },
      select: { clusterId: true },
    })
    return [
      ...rows.flatMap((row) => [...findParted(look, row), ...findDown(look, row), ...findBehind(look, row)]),
      ...(await findCopiesBehind(look, rows)),
      ...findGaps(look, gaps),
    ]
  },
}

function findParted(look: LookContext, row: Row): Finding[] {
  const cluster = look.clusters.get(row.clusterId)
  if (!cluster || row.digestState !== 'parted' || !isOn(look, 'digest-parted', row.clusterId)) return []
  const where = row.digestZxid === null ? '' : ` since ${formatHex64(row.digestZxid)}`
  const who = row.peer ?? 'A server'
  const text = `${who} of ${cluster.name} is corrupted: its digests are not what its own transactions come to${where}`
  return [{ rule: 'digest-parted', cluster, subject: '', about: 'cluster-follow', text }]
}

function findDown(look: LookContext, row: Row): Finding[] {
  const cluster = look.clusters.get(row.clusterId)
  if (!cluster || !isOn(look, 'follow-down', row.clusterId)) return []
  const { state, since } = judgeFollow(row, look.nowMs)
  if (state === 'following' || state === 'behind' || state === 'catching-up') return []
  const minutes = look.settingsOf('follow-down', row.clusterId).numbers.minutes ?? 5
  // What is tried again and again changes its state each time: since when nothing was heard counts.
  const sinceMs = look.nowMs - (row.heardAt ?? row.enabledAt ?? since ?? row.createdAt).getTime()
  if (sinceMs <= minutes * MINUTE_MS) return []
  const code = parseErrorView(row.error)?.code
  const text = `The live stream of ${cluster.name} has not been heard for ${describeAge(sinceMs)}${code ? ` (${code})` : ''}`
  return [{ rule: 'follow-down', cluster, subject: '', about: 'cluster-follow', text }]
}

function findBehind(look: LookContext, row: Row): Finding[] {
  const cluster = look.clusters.get(row.clusterId)
  if (!cluster || !isOn(look, 'follow-behind', row.clusterId)) return []
  const { state, since } = judgeFollow(row, look.nowMs)
  if (state !== 'behind') return []
  const minutes = look.settingsOf('follow-behind', row.clusterId).numbers.minutes ?? 5
  const sinceMs = look.nowMs - (since ?? row.updatedAt).getTime()
  if (sinceMs <= minutes * MINUTE_MS) return []
  const lag = Math.round((row.lagMs ?? 0) / 1000)
  const text = `What is kept of the live stream of ${cluster.name} is ${countOf(lag, 'second')} behind, for ${describeAge(sinceMs)}`
  return [{ rule: 'follow-behind', cluster, subject: '', about: 'cluster-follow', text }]
}

async function findCopiesBehind(look: LookContext, rows: readonly Row[]): Promise<Finding[]> {
  const { db } = look.context
  const where = { clusterId: { in: rows.map(({ clusterId }) => clusterId) }, storeId: { not: DEFAULT_STORE_ID } }
  const mirrors = await db.logMirror.findMany({ where, orderBy: { id: 'asc' } })
  const stores = await db.store.findMany({ select: { id: true, name: true } })
  return mirrors.flatMap((mirror): Finding[] => {
    const cluster = look.clusters.get(mirror.clusterId)
    const row = rows.find(({ clusterId }) => clusterId === mirror.clusterId)
    if (!cluster || row?.lastZxid == null || !isOn(look, 'follow-copy-behind', mirror.clusterId)) return []
    const behindMs = measureBehind({ zxid: row.lastZxid, at: row.lastTxnAt }, mirror)
    const minutes = look.settingsOf('follow-copy-behind', mirror.clusterId).numbers.minutes ?? 10
    if (behindMs === null || behindMs <= minutes * MINUTE_MS) return []
    const name = stores.find(({ id }) => id === mirror.storeId)?.name ?? 'a store that was removed'
    const to = mirror.lastZxid === null ? '' : `, it goes to ${formatHex64(mirror.lastZxid)}`
    const text = `${name} is ${describeAge(behindMs)} behind the live stream of ${cluster.name}${to}`
    return [{ rule: 'follow-copy-behind', cluster, subject: mirror.storeId, about: 'cluster-follow', text }]
  })
}

function findGaps(look: LookContext, gaps: readonly { readonly clusterId: string }[]): Finding[] {
  return [...Map.groupBy(gaps, ({ clusterId }) => clusterId)].flatMap(([clusterId, { length }]): Finding[] => {
    const cluster = look.clusters.get(clusterId)
    if (!cluster || !isOn(look, 'follow-gap', clusterId)) return []
    const text = `The live stream of ${cluster.name} has ${countOf(length, 'gap')} of the last week: time travel cannot cross ${length === 1 ? 'it' : 'them'}`
    return [{ rule: 'follow-gap', cluster, subject: '', about: 'cluster-follow', text }]
  })
}
