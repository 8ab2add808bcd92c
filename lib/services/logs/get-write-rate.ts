import type { LogSegment, LogSegments } from '../../adapters/archive/log-archive.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { openLogs } from './cluster-logs.ts'
import { logFolder } from './log-folder.ts'
import type { WriteRateView } from './views.ts'

const MINUTE_MS = 60_000
const BUCKETS_MAX = 500
const BUCKETS_DEFAULT = 120
/** In minutes: widths that people count in; beyond them the last is doubled. */
const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080] as const

export interface GetWriteRateInput {
  readonly clusterId: string
  /** A time in ms since 1970 or a zxid; without: from where the archive begins, to where it ends. A zxid's time is known to about a block. */
  readonly from?: number | bigint
  readonly to?: number | bigint
  /** At most so many, up to 500. */
  readonly buckets?: number
}

/**
 * Writes over time from the archived transaction log; null where nothing is archived. Counts come from the pieces' indexes, which know
 * minutes, so no entry is read; a piece that lies within one bucket costs nothing. Throws NOT_FOUND.
 */
export async function getWriteRate(context: ServiceContext, input: GetWriteRateInput): Promise<WriteRateView | null> {
  const cluster = await getClusterForWriting(context, input.clusterId)
  const tails = await context.archives.logs.tails(logFolder(context, cluster.name))
  const logs = await openLogs(context, cluster)
  const archive = logs.archived
  const open = await readOpenEnd(context, tails, archive.segments.at(-1)?.last ?? null)
  const range = findRange(archive.segments, open, input)
  if (range === null) return null
  const buckets = new Buckets(range, Math.min(Math.max(Math.trunc(input.buckets ?? BUCKETS_DEFAULT), 1), BUCKETS_MAX))
  for (const segment of archive.segments) {
    throwIfAborted(context.signal)
    if (segment.maxTimeMs < buckets.from || segment.minTimeMs >= buckets.to) continue
    if (buckets.holdsInOne(segment.minTimeMs, segment.maxTimeMs)) {
      buckets.add(segment.minTimeMs, segment.transactions, segment.first)
      continue
    }
    const minutes = await logs.minutes(segment, { signal: context.signal })
    for (const { startMs, count, first } of minutes) buckets.add(startMs, count, first)
  }
  for (const { zxid, timeMs } of open) buckets.add(timeMs, 1, zxid)
  return { ...buckets.toView(), gaps: findGapsWithin(archive, buckets) }
}

interface At {
  readonly zxid: bigint
  readonly timeMs: number
}

/** What the stream of a followed cluster has left that is in no piece yet: a few MiB at most, and without an index. */
async function readOpenEnd(
  { signal }: ServiceContext,
  tails: readonly LogSource[],
  archived: bigint | null,
): Promise<At[]> {
  const found: At[] = []
  let last = archived
  for (const tail of tails) {
    const reader = new LogReader(tail.open(), { allowBareCheck: true, signal })
    for await (const batch of reader.readEntries()) {
      for (const { zxid, timeMs } of batch) {
        if (last !== null && zxid <= last) continue
        found.push({ zxid, timeMs })
        last = zxid
      }
    }
  }
  return found
}

function findRange(
  segments: readonly LogSegment[],
  open: readonly At[],
  { from, to }: GetWriteRateInput,
): { from: number; to: number } | null {
  if (segments.length + open.length === 0) return null
  const times = open.map(({ timeMs }) => ({ minTimeMs: timeMs, maxTimeMs: timeMs }))
  const all = [...segments, ...times]
  const first = all.reduce((least, { minTimeMs }) => Math.min(least, minTimeMs), Number.MAX_SAFE_INTEGER)
  const last = all.reduce((most, { maxTimeMs }) => Math.max(most, maxTimeMs), 0)
  return { from: timeOf(segments, from, first), to: timeOf(segments, to, last) }
}

function timeOf(segments: readonly LogSegment[], asked: number | bigint | undefined, otherwise: number): number {
  if (asked === undefined) return otherwise
  if (typeof asked === 'number') return asked
  const segment = segments.findLast(({ first }) => first <= asked)
  if (!segment) return otherwise
  if (asked >= segment.last) return segment.maxTimeMs
  return segment.blocks.findLast(({ first }) => first <= asked)?.timeMs ?? segment.minTimeMs
}

class Buckets {
  readonly from: number
  readonly to: number
  readonly #bucketMs: number
  readonly #counts: number[]
  readonly #firsts: (bigint | null)[]

  constructor(range: { readonly from: number; readonly to: number }, max: number) {
    const last = Math.max(range.from, range.to)
    const { widthMs, from, count } = layOut(range.from, last, max)
    this.#bucketMs = widthMs
    this.from = from
    this.to = from + count * widthMs
    this.#counts = Array.from({ length: count }, () => 0)
    this.#firsts = Array.from({ length: count }, () => null)
  }

  holdsInOne(minMs: number, maxMs: number): boolean {
    const bucket = this.#bucketOf(minMs)
    return bucket !== null && bucket === this.#bucketOf(maxMs)
  }

  add(timeMs: number, count: number, first: bigint): void {
    const bucket = this.#bucketOf(timeMs)
    if (bucket === null) return
    this.#counts[bucket]! += count
    const known = this.#firsts[bucket]
    if (known === null || known === undefined || first < known) this.#firsts[bucket] = first
  }

  toView(): Omit<WriteRateView, 'gaps'> {
    return {
      from: new Date(this.from).toISOString(),
      to: new Date(this.to).toISOString(),
      bucketMs: this.#bucketMs,
      counts: this.#counts,
      firstZxids: this.#firsts.map((zxid) => (zxid === null ? null : formatHex64(zxid))),
      transactions: this.#counts.reduce((sum, count) => sum + count, 0),
    }
  }

  #bucketOf(timeMs: number): number | null {
    if (timeMs < this.from || timeMs >= this.to) return null
    return Math.floor((timeMs - this.from) / this.#bucketMs)
  }
}

/** The narrowest buckets, on whole multiples of their width, of which `max` are enough. */
function layOut(first: number, last: number, max: number): { widthMs: number; from: number; count: number } {
  const widest = WIDTHS[WIDTHS.length - 1]!
  for (let i = 0; ; i++) {
    const widthMs = (WIDTHS[i] ?? widest * 2 ** (i - WIDTHS.length + 1)) * MINUTE_MS
    const from = Math.floor(first / widthMs) * widthMs
    const count = Math.floor((last - from) / widthMs) + 1
    if (count <= max) return { widthMs, from, count }
  }
}

function findGapsWithin({ segments, gaps }: LogSegments, range: { from: number; to: number }): WriteRateView['gaps'] {
  return gaps.flatMap(({ after, before }) => {
    const left = segments.find(({ last }) => last === after)
    const right = segments.find(({ first }) => first === before)
    if (!left || !right || right.minTimeMs < range.from || left.maxTimeMs >= range.to) return []
    return [
      {
        after: formatHex64(after),
        before: formatHex64(before),
        from: new Date(left.maxTimeMs).toISOString(),
        to: new Date(right.minTimeMs).toISOString(),
      },
    ]
  })
}
