import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { summaryPageSchema } from '../../domain/txnlog/summary.ts'
import { parsePath, ROOT } from '../../domain/znode/path.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { parseZxid } from '../logs/list-znode-transactions.ts'
import { parseInput } from '../parse-input.ts'
import { getLiveStatus } from './get-live-status.ts'
import { readLogBack } from './list-transactions.ts'
import { LIVE_LIMIT, liveFilterSchema } from './schemas.ts'
import { keepSummary, type LiveFilter } from './to-live-txn.ts'
import type { LiveEventView, LiveStatusView, LiveTxnView } from './views.ts'

const LOOK_EVERY_MS = 1_000
const CHUNKS_AT_ONCE = 20

const inputSchema = liveFilterSchema.extend({
  /** The newest zxid that is shown; absent: what comes from now on. */
  after: z.string().nullable().default(null),
})

export interface TailInput extends z.input<typeof inputSchema> {
  readonly signal: AbortSignal
}

/**
 * What becomes known of a cluster's transactions while somebody looks on, until `signal` fires: of a stream a moment after they were made, of
 * the kept log after each run of the keeping. Bounded, whatever the rate: what is not sent one by one is counted.
 */
export async function* tailTransactions(context: ServiceContext, input: TailInput): AsyncIterable<LiveEventView> {
  const { signal, ...rest } = input
  const { clusterId, under, types, after } = parseInput(inputSchema, rest)
  const { clusterName: name, connectString } = await getClusterTarget(context, clusterId)
  const { chroot } = splitConnectString(connectString)
  const filter: LiveFilter = { chroot, under: parsePath(under), types: new Set<string>(types) }
  const isNarrow = chroot !== ROOT || filter.under !== ROOT || filter.types.size > 0
  let last = after === null ? await findNewest(context, clusterId) : parseZxid(after)
  let marks = await readMarks(context, clusterId)
  let told = ''
  while (!signal.aborted) {
    const status = await getLiveStatus(context, clusterId)
    // Lag and rate differ each time, and are not what somebody waits for.
    const essence = essenceOf(status)
    if (essence !== told) yield { kind: 'status', status }
    told = essence
    const asked = { cluster: { id: clusterId, name }, last, filter }
    const streamed = await readChunks(context, { clusterId, last, filter })
    const isSample = isNarrow && streamed?.isCut === true
    const read = streamed === null || isSample ? await readKept({ ...context, signal }, asked, streamed) : null
    const found = read ?? streamed
    if (found !== null) {
      last = found.last
      const { transactions, more } = found
      if (transactions.length + more > 0) yield { kind: 'transactions', transactions, more }
    }
    const now = await readMarks(context, clusterId)
    if (now.drift !== marks.drift) yield { kind: 'drift' }
    if (now.watched !== marks.watched) yield { kind: 'watched' }
    marks = now
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

function essenceOf({ follow, logEverySeconds }: LiveStatusView): string {
  return [follow?.state, follow?.since, follow?.lastZxid, logEverySeconds].join(' ')
}

interface News {
  readonly transactions: readonly LiveTxnView[]
  readonly more: number
  readonly last: bigint
}

interface Streamed extends News {
  /** The stream has told of some only: any of the others may be what is asked for. */
  readonly isCut: boolean
}

async function findNewest(context: ServiceContext, clusterId: string): Promise<bigint> {
  const chunk = await context.db.followChunk.findFirst({
    where: { clusterId },
    orderBy: { toZxid: 'desc' },
    select: { toZxid: true },
  })
  const [heard, kept] = [chunk?.toZxid ?? 0n, await findKept(context, clusterId)]
  return heard > kept ? heard : kept
}

async function findKept({ db }: ServiceContext, clusterId: string): Promise<bigint> {
  const kept = await db.logKeeping.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  return kept?.lastZxid ?? 0n
}

/** Null: the stream has nothing new, or there is none. */
async function readChunks(
  { db }: ServiceContext,
  { clusterId, last, filter }: { readonly clusterId: string; readonly last: bigint; readonly filter: LiveFilter },
): Promise<Streamed | null> {
  const chunks = await db.followChunk.findMany({
    where: { clusterId, toZxid: { gt: last } },
    orderBy: { toZxid: 'asc' },
    take: CHUNKS_AT_ONCE,
    select: { toZxid: true, transactions: true, summaries: true },
  })
  const newest = chunks.at(-1)
  if (!newest) return null
  const transactions: LiveTxnView[] = []
  let more = 0
  let isCut = false
  for (const { toZxid, transactions: total, summaries } of chunks) {
    const { data } = summaryPageSchema.safeParse(summaries)
    const shown = (data?.shown ?? []).filter(({ zxid }) => parseZxid(zxid) > last)
    // A list may end in the midst of what came within a second: what it holds is not counted again.
    const behind = toZxid - last
    const untold = Math.max((behind < total ? Number(behind) : total) - shown.length, 0)
    isCut ||= untold > 0
    more += untold
    for (const summary of shown) {
      const view = keepSummary(summary, filter)
      if (view === null) continue
      if (transactions.length < LIVE_LIMIT.max) transactions.push(view)
      else more++
    }
  }
  return { transactions, more, last: newest.toZxid, isCut }
}

/** What is asked for of all that was kept since. Null: nothing, or less than the stream has told, whose open end lies on another host then. */
async function readKept(
  context: ServiceContext,
  asked: {
    readonly cluster: { readonly id: string; readonly name: string }
    readonly last: bigint
    readonly filter: LiveFilter
  },
  streamed: Streamed | null,
): Promise<News | null> {
  const { cluster, last, filter } = asked
  const upTo = streamed?.last ?? (await findKept(context, cluster.id))
  if (upTo <= last) return null
  const log = await readLogBack(context, cluster, { filter, limit: LIVE_LIMIT.max, before: null, after: last })
  const reach = log.last?.zxid ?? 0n
  if (streamed !== null && reach < upTo) return null
  const more = log.next === null ? 0 : (streamed?.more ?? 0)
  return { transactions: log.found.toReversed(), more, last: reach > upTo ? reach : upTo }
}

/** What tells that other parts of the page are to be read again. */
async function readMarks({ db }: ServiceContext, clusterId: string) {
  const drift = await db.followDrift.findUnique({ where: { clusterId }, select: { updatedAt: true } })
  const hit = await db.pathHit.findFirst({
    where: { watchedPath: { clusterId } },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    select: { id: true },
  })
  return { drift: drift?.updatedAt.getTime() ?? 0, watched: hit?.id ?? '' }
}
