import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { summaryPageSchema } from '../../domain/txnlog/summary.ts'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { parseZxid } from '../logs/list-znode-transactions.ts'
import { parseInput } from '../parse-input.ts'
import { getLiveStatus } from './get-live-status.ts'
import { listLiveTransactions } from './list-transactions.ts'
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
  const { connectString } = await getClusterTarget(context, clusterId)
  const { chroot } = splitConnectString(connectString)
  const filter: LiveFilter = { chroot, under: parsePath(under), types: new Set<string>(types) }
  let last = after === null ? await findNewest(context, clusterId) : parseZxid(after)
  let marks = await readMarks(context, clusterId)
  let told = ''
  while (!signal.aborted) {
    const status = await getLiveStatus(context, clusterId)
    // Lag and rate differ each time, and are not what somebody waits for.
    const essence = essenceOf(status)
    if (essence !== told) yield { kind: 'status', status }
    told = essence
    const streamed = await readChunks(context, { clusterId, last, filter })
    const found = streamed ?? (await readKept({ ...context, signal }, { clusterId, under, types, last }))
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

async function findNewest({ db }: ServiceContext, clusterId: string): Promise<bigint> {
  const chunk = await db.followChunk.findFirst({
    where: { clusterId },
    orderBy: { toZxid: 'desc' },
    select: { toZxid: true },
  })
  const kept = await db.logKeeping.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  const [a, b] = [chunk?.toZxid ?? 0n, kept?.lastZxid ?? 0n]
  return a > b ? a : b
}

/** Null: the stream has nothing new, or there is none. */
async function readChunks(
  { db }: ServiceContext,
  { clusterId, last, filter }: { readonly clusterId: string; readonly last: bigint; readonly filter: LiveFilter },
): Promise<News | null> {
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
  for (const chunk of chunks) {
    const { data } = summaryPageSchema.safeParse(chunk.summaries)
    const shown = data?.shown ?? []
    more += Math.max(chunk.transactions - shown.length, 0)
    for (const summary of shown) {
      const view = parseZxid(summary.zxid) > last ? keepSummary(summary, filter) : null
      if (view === null) continue
      if (transactions.length < LIVE_LIMIT.max) transactions.push(view)
      else more++
    }
  }
  return { transactions, more, last: newest.toZxid }
}

/** Null: the keeping has brought nothing since. */
async function readKept(
  context: ServiceContext,
  asked: Omit<z.output<typeof liveFilterSchema>, never> & { readonly last: bigint },
): Promise<News | null> {
  const { last, ...filter } = asked
  const { clusterId } = filter
  const kept = await context.db.logKeeping.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  const newest = kept?.lastZxid ?? null
  if (newest === null || newest <= last) return null
  const { transactions } = await listLiveTransactions(context, { ...filter, limit: LIVE_LIMIT.max })
  const fresh = transactions.filter(({ zxid }) => parseZxid(zxid) > last)
  return { transactions: fresh.toReversed(), more: 0, last: newest }
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
