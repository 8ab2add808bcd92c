import { formatHex64 } from '../../base/hex64.ts'
import { findReach, type Reach } from '../../domain/txnlog/reach.ts'
import type { ServiceContext } from '../context.ts'
import { describeRemoved, findRemoved, type RemovedLog } from '../logs/find-removed.ts'
import { isLogKept } from '../logs/is-log-kept.ts'
import { findCommitted, gatherHistory, type History } from './gather-history.ts'
import { changesTree, RunBuilder, readPiece, StopSampler, splitRuns, type TimedRun, tailOf } from './read-past.ts'
import type { TimeLineView, TimeRangeView } from './views.ts'

/** Stops of the slider. */
const STOPS_MAX = 600
/** A piece with more transactions is told by its blocks, without being read. */
const READ_TRANSACTIONS_MAX = 5_000

export interface TimeLine {
  readonly history: History
  readonly committed: bigint | null
  readonly reach: readonly Reach[]
  readonly removed: RemovedLog | null
  readonly view: TimeLineView
}

/** The last one of each cluster: a page asks for it at each step of the slider, and mostly nothing was written meanwhile. */
const CACHE = new WeakMap<object, Map<string, { signature: string; line: TimeLine }>>()

/** What of a cluster's past can be shown, and where its clock stood when. Throws NOT_FOUND. */
export async function readTimeLine(context: ServiceContext, clusterId: string): Promise<TimeLine> {
  const history = await gatherHistory(context, clusterId)
  const committed = history.memberLogs.length > 0 ? await findCommitted(context, clusterId) : null
  const isKept = await isLogKept(context, clusterId)
  const known = CACHE.get(context.archives) ?? new Map<string, { signature: string; line: TimeLine }>()
  CACHE.set(context.archives, known)
  const removed = await findRemoved(context, clusterId)
  const signature = signatureOf(history, { committed, isKept, removed })
  const cached = known.get(clusterId)
  if (cached && signature !== null && cached.signature === signature) return cached.line
  const line = await build(context, history, { committed, isKept, removed })
  if (signature !== null) known.set(clusterId, { signature, line })
  return line
}

interface Facts {
  readonly committed: bigint | null
  readonly isKept: boolean
  readonly removed: RemovedLog | null
}

/** Null where there is no telling whether something was written since. */
function signatureOf(history: History, { committed, isKept, removed }: Facts): string | null {
  if (committed === null && history.memberLogs.length > 0) return null
  const { segments } = history.archived
  return [
    history.revision,
    history.clusterName,
    isKept,
    committed,
    removed?.through,
    segments.length,
    segments.at(-1)?.last,
    history.heardTo,
    ...history.tails.map(({ name, bytes }) => `${name} ${bytes}`),
    ...history.bases.map((base) => base.path),
    ...history.missed.map(({ from, to }) => `${from} ${to}`),
    ...history.memberLogs.map((log) => log.name),
    ...history.faults,
  ].join('\n')
}

async function build(
  context: ServiceContext,
  history: History,
  { committed, isKept, removed }: Facts,
): Promise<TimeLine> {
  const runs = new RunBuilder()
  const sampler = new StopSampler(STOPS_MAX)
  for (const segment of history.archived.segments) {
    runs.add({ ...segment, firstMs: segment.minTimeMs, lastMs: segment.maxTimeMs })
    if (segment.transactions > READ_TRANSACTIONS_MAX) {
      for (const { first, timeMs } of segment.blocks) sampler.add(first, timeMs)
      sampler.add(segment.last, segment.maxTimeMs)
      continue
    }
    for await (const batch of readPiece(context, history, segment)) {
      for (const entry of batch) if (changesTree(entry)) sampler.add(entry.zxid, entry.timeMs)
    }
  }
  const tail = tailOf(context, history, committed)
  for await (const batch of tail?.readEntries() ?? []) {
    for (const entry of batch) {
      runs.addEntry(entry)
      if (changesTree(entry)) sampler.add(entry.zxid, entry.timeMs)
    }
  }
  const reach = withoutZero(
    findReach(
      splitRuns(runs.runs, history.missed),
      history.bases.map(({ zxid }) => zxid),
      history.missed,
    ),
  )
  const stops = sampler.stops()
  const times = new Times(runs.runs, stops, history)
  const faults = [...history.faults]
  if (tail?.isCut) {
    faults.push(
      `The members hold more of their log than is read for this page: what lies before ${formatHex64(tail.after)} is not shown`,
    )
  }
  const view: TimeLineView = {
    clusterId: history.clusterId,
    clusterName: history.clusterName,
    ranges: reach.map((part) => toRangeView(part, times, { hasLogs: runs.runs.length > 0, removed })),
    stops: stops.map(({ zxid, timeMs }) => ({ zxid: formatHex64(zxid), at: new Date(timeMs).toISOString() })),
    committed: committed === null ? null : formatHex64(committed),
    removed: removed === null ? null : { through: formatHex64(removed.through), at: removed.at?.toISOString() ?? null },
    isKept,
    members: history.members,
    faults,
  }
  return { history, committed, reach, removed, view }
}

/** The tree before the first transaction is nothing to travel to, though a snapshot of it is what all begins with. */
function withoutZero(reach: readonly Reach[]): Reach[] {
  return reach.flatMap((part) => (part.to <= 0n ? [] : [part.from > 0n ? part : { ...part, from: 1n }]))
}

function toRangeView(part: Reach, times: Times, known: KnownOfLogs): TimeRangeView {
  const { from, to } = part
  const range = { from: formatHex64(from), to: formatHex64(to), fromAt: times.at(from), toAt: times.at(to) }
  return { ...range, unreachable: describeFault(part, known) }
}

interface KnownOfLogs {
  readonly hasLogs: boolean
  readonly removed: RemovedLog | null
}

export function describeFault({ fault }: Reach, { hasLogs, removed }: KnownOfLogs): string | null {
  if (fault === null) return null
  if (fault.kind === 'no-base') {
    const why = removed === null ? '' : `: ${describeRemoved(removed)}, and what they were told from`
    return `No snapshot and no backup is as old as this${why}`
  }
  const [after, before] = [formatHex64(fault.gap.after), formatHex64(fault.gap.before)]
  // Its pieces go from the oldest on: what is missing below is no gap of the log.
  if (removed !== null && fault.gap.after < removed.through) {
    return `It is kept no more: ${describeRemoved(removed)}, and the logs go on with ${before}`
  }
  if (!hasLogs) return `No log says what happened after ${after}`
  return `Transactions are missing: after ${after} the logs go on with ${before}, and no snapshot or backup lies between`
}

/** When a transaction was, as nearly as it is known without reading. */
class Times {
  readonly #known: readonly { zxid: bigint; timeMs: number }[]

  constructor(runs: readonly TimedRun[], stops: readonly { zxid: bigint; timeMs: number }[], history: History) {
    this.#known = [
      ...runs.flatMap((run) => [
        { zxid: run.first, timeMs: run.firstMs },
        { zxid: run.last, timeMs: run.lastMs },
      ]),
      ...stops,
      ...history.bases.flatMap(({ zxid, takenAtMs }) => (takenAtMs === null ? [] : [{ zxid, timeMs: takenAtMs }])),
    ]
  }

  at(zxid: bigint): string | null {
    let best: { zxid: bigint; timeMs: number } | null = null
    for (const known of this.#known) {
      if (known.zxid <= zxid && (best === null || known.zxid > best.zxid)) best = known
    }
    return best === null ? null : new Date(best.timeMs).toISOString()
  }
}
