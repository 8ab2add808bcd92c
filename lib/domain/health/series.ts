import type { SampleTier } from './keep-samples.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** `leastTier`: rows that are kept as long as the range reaches back, so that all of it is drawn in one density. */
export const HISTORY_RANGES = {
  hour: { spanMs: HOUR_MS, bucketMs: MINUTE_MS, leastTier: 0, stepMs: MINUTE_MS },
  day: { spanMs: DAY_MS, bucketMs: 10 * MINUTE_MS, leastTier: 0, stepMs: MINUTE_MS },
  week: { spanMs: 7 * DAY_MS, bucketMs: HOUR_MS, leastTier: 1, stepMs: 10 * MINUTE_MS },
  month: { spanMs: 30 * DAY_MS, bucketMs: 4 * HOUR_MS, leastTier: 2, stepMs: HOUR_MS },
} as const satisfies Record<string, { spanMs: number; bucketMs: number; leastTier: SampleTier; stepMs: number }>
export type HistoryRange = keyof typeof HISTORY_RANGES

/** What charts need of a look. */
export interface HistoryRow {
  readonly server: string
  readonly atMs: number
  readonly ok: boolean
  readonly role: string | null
  readonly zxid: bigint | null
  readonly uptimeMs: bigint | null
  readonly latencyAvg: number | null
  readonly readCount: bigint | null
  readonly readMs: bigint | null
  readonly updateCount: bigint | null
  readonly updateMs: bigint | null
  readonly outstanding: number | null
  readonly connections: number | null
  readonly znodes: number | null
  readonly watches: number | null
  readonly dataBytes: bigint | null
  readonly packetsReceived: bigint | null
  readonly openFiles: number | null
  readonly openFilesMax: bigint | null
  readonly syncedFollowers: number | null
  readonly fsyncCount: bigint | null
  readonly fsyncMs: bigint | null
  readonly digestMismatches: number | null
}

export const CHART_KEYS = [
  'latency',
  'outstanding',
  'requests',
  'connections',
  'watches',
  'znodes',
  'dataBytes',
  'openFiles',
  'fsync',
  'synced',
  'mismatches',
] as const
export type ChartKey = (typeof CHART_KEYS)[number]

/** By bucket, only where there was a value; a break between two parts is a time of which nothing is known, or a server that did not serve. */
export type ChartLine = readonly (readonly [bucket: number, value: number])[]

export interface HistoryChart {
  readonly key: ChartKey
  readonly series: readonly { readonly server: string; readonly lines: readonly ChartLine[] }[]
}

export interface RoleSpan {
  readonly fromBucket: number
  /** The first one that is not in it any more. */
  readonly toBucket: number
  /** `down`: it did not serve at some look of it. */
  readonly role: string
}

export interface LeaderChange {
  readonly at: string
  readonly bucket: number
  readonly from: string | null
  readonly to: string
  /** Of the new leader's zxid. */
  readonly epoch: number | null
}

export interface HealthHistory {
  /** ISO. */
  readonly from: string
  readonly to: string
  readonly bucketMs: number
  readonly buckets: number
  readonly servers: readonly string[]
  readonly roles: readonly { readonly server: string; readonly spans: readonly RoleSpan[] }[]
  readonly leaderChanges: readonly LeaderChange[]
  readonly charts: readonly HistoryChart[]
}

/** Draws rows, oldest first, on one axis that ends now. `everyMs`: how far apart looks are. */
export function drawHistory(
  rows: readonly HistoryRow[],
  { range, nowMs, everyMs }: { readonly range: HistoryRange; readonly nowMs: number; readonly everyMs: number },
): HealthHistory {
  const { spanMs, bucketMs: least, stepMs } = HISTORY_RANGES[range]
  const bucketMs = Math.max(least, Math.ceil(everyMs / MINUTE_MS) * MINUTE_MS)
  const toMs = Math.ceil(nowMs / bucketMs) * bucketMs
  const buckets = Math.ceil(spanMs / bucketMs)
  const fromMs = toMs - buckets * bucketMs
  const inside = rows.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
  const servers = [...new Set(inside.map(({ server }) => server))].sort()
  const axis = { fromMs, bucketMs, gapMs: 2.5 * Math.max(stepMs, everyMs) }
  const byServer = servers.map((server) => ({ server, own: inside.filter((row) => row.server === server) }))
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    bucketMs,
    buckets,
    servers,
    roles: byServer.map(({ server, own }) => ({ server, spans: spansOf(own, axis) })),
    leaderChanges: findLeaderChanges(inside, axis),
    charts: CHART_KEYS.map((key) => ({
      key,
      series: byServer.map(({ server, own }) => ({ server, lines: linesOf(own, key, axis) })),
    })),
  }
}

interface Axis {
  readonly fromMs: number
  readonly bucketMs: number
  /** Looks that are farther apart have nothing between them. */
  readonly gapMs: number
}

const bucketOf = ({ fromMs, bucketMs }: Axis, atMs: number) => Math.floor((atMs - fromMs) / bucketMs)

function linesOf(rows: readonly HistoryRow[], key: ChartKey, axis: Axis): ChartLine[] {
  const { value, join } = METRICS[key]
  const lines: [number, number][][] = []
  let open: { readonly points: [number, number][]; values: number[] } | null = null
  let before: HistoryRow | null = null
  for (const row of rows) {
    const now: number | null = row.ok ? value(row, before) : null
    const isApart: boolean = before !== null && row.atMs - before.atMs > axis.gapMs
    before = row
    if (now === null) {
      open = null
      continue
    }
    if (open === null || isApart) {
      open = { points: [], values: [] }
      lines.push(open.points)
    }
    const bucket = bucketOf(axis, row.atMs)
    const isSame: boolean = open.points.at(-1)?.[0] === bucket
    open.values = isSame ? [...open.values, now] : [now]
    open.points.splice(open.points.length - (isSame ? 1 : 0), 1, [bucket, join(open.values)])
  }
  return lines
}

interface Metric {
  /** Of one look, with the one before where only a difference says something. */
  readonly value: (row: HistoryRow, before: HistoryRow | null) => number | null
  /** Of the looks in one bucket. */
  readonly join: (values: readonly number[]) => number
}

const most = (values: readonly number[]) => Math.max(...values)
const least = (values: readonly number[]) => Math.min(...values)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const latest = (values: readonly number[]) => values.at(-1) ?? 0

const METRICS: Readonly<Record<ChartKey, Metric>> = {
  // Of the requests between two looks where the server counts them (3.6+); the average since its start would hide every change.
  latency: {
    value: (row, before) =>
      row.readCount === null || row.updateCount === null
        ? row.latencyAvg
        : ratio(
            growth(row, before, (one) => sumOf(one.readMs, one.updateMs)),
            growth(row, before, (one) => sumOf(one.readCount, one.updateCount)),
          ),
    join: mean,
  },
  outstanding: { value: ({ outstanding }) => outstanding, join: most },
  requests: {
    value: (row, before) => {
      const packets = growth(row, before, ({ packetsReceived }) => packetsReceived)
      return packets === null || before === null ? null : (packets * 1000) / (row.atMs - before.atMs)
    },
    join: mean,
  },
  connections: { value: ({ connections }) => connections, join: most },
  watches: { value: ({ watches }) => watches, join: most },
  znodes: { value: ({ znodes }) => znodes, join: latest },
  dataBytes: { value: ({ dataBytes }) => (dataBytes === null ? null : Number(dataBytes)), join: latest },
  openFiles: {
    value: ({ openFiles, openFilesMax }) =>
      openFiles === null || openFilesMax === null || openFilesMax <= 0n
        ? null
        : (100 * openFiles) / Number(openFilesMax),
    join: most,
  },
  fsync: {
    value: (row, before) =>
      ratio(
        growth(row, before, ({ fsyncMs }) => fsyncMs),
        growth(row, before, ({ fsyncCount }) => fsyncCount),
      ),
    join: mean,
  },
  synced: { value: ({ role, syncedFollowers }) => (role === 'leader' ? syncedFollowers : null), join: least },
  mismatches: { value: ({ digestMismatches }) => digestMismatches, join: most },
}

/** Since the look before, in one run of the server: it began anew when it counts less, or is up for less long. */
function growth(row: HistoryRow, before: HistoryRow | null, count: (row: HistoryRow) => bigint | null): number | null {
  if (before === null || !before.ok) return null
  const [now, then] = [count(row), count(before)]
  const isNewRun = row.uptimeMs !== null && before.uptimeMs !== null && row.uptimeMs < before.uptimeMs
  return now === null || then === null || now < then || isNewRun ? null : Number(now - then)
}

const sumOf = (a: bigint | null, b: bigint | null) => (a === null || b === null ? null : a + b)
/** Nothing was counted: there is nothing to say. */
const ratio = (sum: number | null, count: number | null) =>
  sum === null || count === null || count === 0 ? null : sum / count

function spansOf(rows: readonly HistoryRow[], axis: Axis): RoleSpan[] {
  const spans: { fromBucket: number; toBucket: number; role: string }[] = []
  let beforeMs = Number.NEGATIVE_INFINITY
  for (const { atMs, ok, role } of rows) {
    const bucket = bucketOf(axis, atMs)
    const now = ok ? (role ?? 'down') : 'down'
    const last = spans.at(-1)
    const isApart = atMs - beforeMs > axis.gapMs
    beforeMs = atMs
    if (last && !isApart && bucket < last.toBucket) {
      // The same bucket: what is worse is seen, and a change is drawn from the next one on.
      if (now === 'down' && last.role !== 'down') {
        if (last.fromBucket === bucket) last.role = 'down'
        else {
          last.toBucket = bucket
          spans.push({ fromBucket: bucket, toBucket: bucket + 1, role: 'down' })
        }
      }
      continue
    }
    if (last && !isApart && last.role === now) last.toBucket = bucket + 1
    else {
      if (last && !isApart) last.toBucket = bucket
      spans.push({ fromBucket: bucket, toBucket: bucket + 1, role: now })
    }
  }
  return spans
}

interface Leader {
  readonly server: string
  readonly epoch: number | null
}

/** Another server leads than at the look before that had a leader, or the same one in a later epoch. */
function findLeaderChanges(rows: readonly HistoryRow[], axis: Axis): LeaderChange[] {
  const changes: LeaderChange[] = []
  let leader = null as Leader | null
  for (const { server, atMs, ok, role, zxid } of rows) {
    if (!ok || role !== 'leader') continue
    const epoch = zxid === null ? null : Number(BigInt.asUintN(64, zxid) >> 32n)
    const before = leader
    const known = before?.epoch ?? null
    // Of two that both say that they lead, the one of the older epoch has not noticed yet.
    if (epoch !== null && known !== null && epoch < known) continue
    const isLater = epoch !== null && known !== null && epoch > known
    if (before !== null && (before.server !== server || isLater)) {
      const at = new Date(atMs).toISOString()
      changes.push({ at, bucket: bucketOf(axis, atMs), from: before.server, to: server, epoch })
    }
    leader = { server, epoch: epoch ?? known }
  }
  return changes
}
