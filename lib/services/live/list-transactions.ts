import type { z } from 'zod'
import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { type AclCache, decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { summaryPageSchema } from '../../domain/txnlog/summary.ts'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { type ClusterLogs, openLogs } from '../logs/cluster-logs.ts'
import { parseZxid } from '../logs/list-znode-transactions.ts'
import { logFolder } from '../logs/log-folder.ts'
import { readTails } from '../logs/read-tails.ts'
import { parseInput } from '../parse-input.ts'
import { listLiveSchema } from './schemas.ts'
import { keepSummary, type LiveFilter, toLiveTxn } from './to-live-txn.ts'
import type { LiveTxnsView, LiveTxnView } from './views.ts'

/** Of one request: what is looked through for a filter before it answers. A block is about 1 MiB of log. */
const BLOCKS_MAX = 32
/** Behind every zxid. */
const END = (1n << 63n) - 1n
/** Of a stream: a row is about a second. */
const CHUNKS_MAX = 50

/**
 * The newest transactions that are kept, with what each touched and no data. A filter is looked for in a bounded part of the log: `next` says
 * where to go on. Throws NOT_FOUND.
 */
export async function listLiveTransactions(
  context: ServiceContext,
  input: z.input<typeof listLiveSchema>,
): Promise<LiveTxnsView> {
  const { clusterId, under, types, before, limit } = parseInput(listLiveSchema, input)
  const { clusterName, connectString } = await getClusterTarget(context, clusterId)
  const { chroot } = splitConnectString(connectString)
  const filter = { chroot, under: parsePath(under), types: new Set<string>(types) }
  const end = before === null ? null : parseZxid(before)
  const cluster = { id: clusterId, name: clusterName }
  const { found, next: onwards, last } = await readLogBack(context, cluster, { filter, limit, before: end, after: 0n })
  const heard = await readHeard(context, { clusterId, after: last?.zxid ?? 0n, end: end ?? END, filter })
  const transactions = [...heard.transactions, ...found].slice(0, limit)
  const isCut = heard.transactions.length + found.length > limit
  const next = isCut ? (transactions.at(-1)?.zxid ?? null) : onwards === null ? null : formatHex64(onwards)
  const newest = last && { zxid: formatHex64(last.zxid), at: new Date(last.timeMs).toISOString() }
  return { transactions, next, newest: heard.newest ?? newest }
}

interface Asked {
  readonly filter: LiveFilter
  readonly limit: number
  readonly before: bigint | null
  /** What is not behind it is not even read. */
  readonly after: bigint
}

/** What of the kept log is asked for, newest first, and the last transaction that the log of this host holds. */
export async function readLogBack(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  asked: Asked,
): Promise<{
  readonly found: readonly LiveTxnView[]
  readonly next: bigint | null
  readonly last: { readonly zxid: bigint; readonly timeMs: number } | null
}> {
  // Before the pieces: what is put into one meanwhile is then found in both.
  const tails = await context.archives.logs.tails(logFolder(context, cluster.name))
  const logs = await openLogs(context, cluster)
  const { segments } = logs.archived
  const look = new LookBack(context.signal, logs, asked)
  const open = await look.readOpen(readTails(tails, { after: segments.at(-1)?.last ?? null, signal: context.signal }))
  await look.through(segments)
  const piece = segments.at(-1)
  const last = open ?? (piece ? { zxid: piece.last, timeMs: piece.maxTimeMs } : null)
  return { found: look.found, next: look.next, last }
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b)

const NOT_HEARD: Pick<LiveTxnsView, 'transactions' | 'newest'> = { transactions: [], newest: null }

/** What a stream has told and no log of this host holds: its open end lies where the follower runs. Newest first, some of them perhaps. */
async function readHeard(
  { db }: Pick<ServiceContext, 'db'>,
  asked: { readonly clusterId: string; readonly after: bigint; readonly end: bigint; readonly filter: LiveFilter },
): Promise<Pick<LiveTxnsView, 'transactions' | 'newest'>> {
  const { clusterId, after, end, filter } = asked
  const chunks = await db.followChunk.findMany({
    where: { clusterId, toZxid: { gt: after }, fromZxid: { lt: end } },
    orderBy: { toZxid: 'desc' },
    take: CHUNKS_MAX,
    select: { toZxid: true, at: true, summaries: true },
  })
  const [newest] = chunks
  if (!newest) return NOT_HEARD
  const shown = chunks.toReversed().flatMap(({ summaries }) => summaryPageSchema.safeParse(summaries).data?.shown ?? [])
  const transactions = shown.flatMap((summary) => {
    const zxid = parseZxid(summary.zxid)
    const view = zxid > after && zxid < end ? keepSummary(summary, filter) : null
    return view === null ? [] : [view]
  })
  return {
    transactions: transactions.reverse(),
    newest: { zxid: formatHex64(newest.toZxid), at: newest.at.toISOString() },
  }
}

/** Reads a log backwards, block by block, until there is enough. */
class LookBack {
  readonly found: LiveTxnView[] = []
  next: bigint | null = null
  readonly #signal: AbortSignal | undefined
  readonly #logs: ClusterLogs
  readonly #asked: Asked
  readonly #acls: AclCache = new Map()
  #blocks = 0
  #hasMore = false

  constructor(signal: AbortSignal | undefined, logs: ClusterLogs, asked: Asked) {
    this.#signal = signal
    this.#logs = logs
    this.#asked = asked
  }

  /** What is not in a piece yet: read whole, since nothing says where to enter it. Gives the newest. */
  async readOpen(
    entries: AsyncIterable<readonly TxnEntry[]>,
  ): Promise<{ readonly zxid: bigint; readonly timeMs: number } | null> {
    const { before, after, limit } = this.#asked
    let kept: LiveTxnView[] = []
    let newest: { zxid: bigint; timeMs: number } | null = null
    let isCut = false
    for await (const batch of entries) {
      this.#keep(batch, { from: after + 1n, end: before ?? END }, kept)
      isCut ||= kept.length > limit
      kept = kept.slice(-limit)
      const last = batch.at(-1)
      if (last) newest = { zxid: last.zxid, timeMs: last.timeMs }
    }
    this.found.push(...kept.reverse())
    if (isCut) this.next = parseZxid(this.found.at(-1)?.zxid ?? '0x0')
    this.#hasMore = isCut
    return newest
  }

  async through(segments: readonly LogSegment[]): Promise<void> {
    const { before, after, limit } = this.#asked
    for (const segment of segments.toReversed()) {
      if (before !== null && segment.first >= before) continue
      for (const [at, block] of [...segment.blocks.entries()].reverse()) {
        if (before !== null && block.first >= before) continue
        if (this.found.length >= limit || this.#blocks >= BLOCKS_MAX) {
          this.next ??= parseZxid(this.found.at(-1)?.zxid ?? '0x0')
          return
        }
        this.#blocks++
        const end = segment.blocks[at + 1]?.first ?? segment.last + 1n
        if (end <= after + 1n) {
          if (!this.#hasMore) this.next = null
          return
        }
        const from = later(block.first, after + 1n)
        const views = await this.#readBlock(segment, from, before !== null && before < end ? before : end)
        const room = limit - this.found.length
        const newest = views.slice(-room).reverse()
        this.found.push(...newest)
        this.#hasMore = views.length > room
        this.next = this.#hasMore ? parseZxid(newest.at(-1)?.zxid ?? '0x0') : block.first
      }
    }
    // All that there is was looked through.
    if (!this.#hasMore) this.next = null
  }

  async #readBlock(segment: LogSegment, from: bigint, end: bigint): Promise<LiveTxnView[]> {
    const signal = this.#signal
    const views: LiveTxnView[] = []
    try {
      for await (const batch of this.#logs.read(segment, { from, signal })) {
        if (!this.#keep(batch, { from, end }, views)) break
      }
    } catch (error) {
      throwIfAborted(signal)
      // A piece that cannot be read hides what is in it; what is before it is listed all the same.
      if (!isArkeeperError(error)) throw error
    }
    return views
  }

  /** False behind the end. */
  #keep(batch: readonly TxnEntry[], { from, end }: { from: bigint; end: bigint }, views: LiveTxnView[]): boolean {
    for (const entry of batch) {
      if (entry.zxid < from) continue
      if (entry.zxid >= end) return false
      const view = toLiveTxn(entry, decodeTxn(entry, this.#acls).txn, this.#asked.filter)
      if (view) views.push(view)
    }
    return true
  }
}
