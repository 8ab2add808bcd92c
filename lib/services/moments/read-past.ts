import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { Run } from '../../domain/txnlog/reach.ts'
import { HistoryReader, selectLogs } from '../../domain/txnlog/read-history.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import type { ServiceContext } from '../context.ts'
import type { MissedEnd } from '../logs/find-missed.ts'
import { type History, sourcesOf } from './gather-history.ts'

/** Of the members' own logs behind the archive; of more, the oldest are left out on this page. */
const TAIL_BYTES_MAX = 256 * 1024 * 1024

type PastContext = Pick<ServiceContext, 'archives' | 'signal'>

/** One piece of the archive from the block on in which the last entry at or before something lies. */
export function readPiece(
  context: PastContext,
  history: History,
  segment: LogSegment,
  from?: bigint,
): AsyncGenerator<readonly TxnEntry[]> {
  return history.logs.read(segment, { from, signal: context.signal })
}

export interface Tail {
  /** Where it begins: what is at or below is archived, or left out. */
  readonly after: bigint
  /** There are older logs that were left out because all of them are too much to be read for a page. */
  readonly isCut: boolean
  readEntries(): AsyncGenerator<readonly TxnEntry[]>
}

/** What the open end of the archive and the members' logs hold beyond it, up to what was committed. Behind a gap it begins anew. */
export function tailOf(context: PastContext, history: History, committed: bigint | null): Tail | null {
  const archived = history.archived.segments.at(-1)?.last ?? null
  const behind = sourcesOf({ ...history, archived: { ...history.archived, segments: [] } })
  const first = behind.reduce<bigint | null>((least, { zxid }) => (least === null || zxid < least ? zxid : least), null)
  if (first === null) return null
  const start = archived ?? first - 1n
  let logs = selectLogs(behind, start)
  let bytes = logs.reduce((sum, log) => sum + (log.bytes ?? 0), 0)
  let after = start
  while (bytes > TAIL_BYTES_MAX && logs.length > 1) {
    bytes -= logs[0]?.bytes ?? 0
    logs = logs.slice(1)
    after = (logs[0]?.zxid ?? after) - 1n
  }
  return { after, isCut: after > start, readEntries: () => readAcrossGaps(context, logs, after, committed) }
}

async function* readAcrossGaps(
  { signal }: PastContext,
  logs: ReturnType<typeof selectLogs>,
  start: bigint,
  to: bigint | null,
): AsyncGenerator<readonly TxnEntry[]> {
  for (let after = start; to === null || after < to; ) {
    throwIfAborted(signal)
    const reader = new HistoryReader(logs, { after, to, signal })
    yield* reader.readEntries()
    if (reader.stop?.kind !== 'gap') return
    after = reader.stop.gap.before - 1n
  }
}

/** A run with the times at its ends, by the leader's clock. */
export interface TimedRun extends Run {
  last: bigint
  readonly firstMs: number
  lastMs: number
}

/** Puts transactions together into runs, in order. */
export class RunBuilder {
  readonly runs: TimedRun[] = []

  add(part: { first: bigint; firstType: number; firstMs: number; last: bigint; lastMs: number }): void {
    const run = this.runs.at(-1)
    if (run && part.first > run.last && findGap(run.last, { zxid: part.first, type: part.firstType }) === null) {
      run.last = part.last
      run.lastMs = part.lastMs
    } else if (!run || part.first > run.last) {
      this.runs.push({ first: part.first, firstMs: part.firstMs, last: part.last, lastMs: part.lastMs })
    }
  }

  addEntry({ zxid, type, timeMs }: Pick<TxnEntry, 'zxid' | 'type' | 'timeMs'>): void {
    this.add({ first: zxid, firstType: type, firstMs: timeMs, last: zxid, lastMs: timeMs })
  }
}

/** Where an epoch's end was missed the numbers go on, and what lies on both sides does not follow. */
export function splitRuns(runs: readonly Run[], missed: readonly MissedEnd[]): Run[] {
  return runs.flatMap(({ first, last }) => {
    const parts: Run[] = []
    let next = first
    for (const { from, to } of missed) {
      if (next >= from || last <= to) continue
      parts.push({ first: next, last: from - 1n })
      next = to + 1n
    }
    return [...parts, { first: next, last }]
  })
}

/** Thins what it is given, evenly, to at most a number of stops; the last one is always kept. */
export class StopSampler {
  readonly #max: number
  #stops: { zxid: bigint; timeMs: number }[] = []
  #every = 1
  #seen = 0
  #last: { zxid: bigint; timeMs: number } | null = null

  constructor(max: number) {
    this.#max = max
  }

  add(zxid: bigint, timeMs: number): void {
    this.#last = { zxid, timeMs }
    if (this.#seen++ % this.#every !== 0) return
    this.#stops.push(this.#last)
    if (this.#stops.length < this.#max) return
    this.#stops = this.#stops.filter((_, i) => i % 2 === 0)
    this.#every *= 2
  }

  stops(): readonly { zxid: bigint; timeMs: number }[] {
    const last = this.#last
    return last === null || this.#stops.at(-1)?.zxid === last.zxid ? this.#stops : [...this.#stops, last]
  }
}

/** Sessions that begin and requests that failed leave the tree as it is: no place to stop at. */
export function changesTree({ type }: Pick<TxnEntry, 'type'>): boolean {
  return type !== TXN_TYPE.createSession && type !== TXN_TYPE.error && type !== TXN_TYPE.check
}
