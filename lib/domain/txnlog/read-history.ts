import { findGap, type Gap } from './continuity.ts'
import type { TxnEntry } from './entry.ts'
import { TxnLogError } from './errors.ts'
import type { LogSource } from './ports.ts'
import { LogReader, type LogTear } from './read-log.ts'
import { TXN_TYPE } from './txn.ts'

/** Why reading ended. */
export type HistoryStop =
  /** Every log was read. */
  | { readonly kind: 'end' }
  /** Nothing more can lie at or below the zxid asked for. */
  | { readonly kind: 'target' }
  /** What comes next in the logs does not follow. `file` begins behind the gap. */
  | { readonly kind: 'gap'; readonly gap: Gap; readonly file: string }
  /** An entry cannot be read, or contradicts another log, and no other log goes on. */
  | { readonly kind: 'damage'; readonly error: TxnLogError; readonly file: string }

export interface TornLog {
  readonly file: string
  readonly tear: LogTear
}

export interface ReadHistoryOptions {
  /** Only entries above it: the zxid of the snapshot that they are to be replayed over. */
  readonly after: bigint
  /** Only entries up to it. Null: all. */
  readonly to: bigint | null
  readonly signal?: AbortSignal
}

/**
 * Several logs as one gap-free history. Logs that were copied at different times may overlap: an entry that is known is passed over, one that
 * differs from the known one is FOREIGN_LOG. Reading ends before the first thing that does not follow; `stop` says what it was.
 */
export class HistoryReader {
  readonly torn: TornLog[] = []
  /** Faults that cost nothing: another log holds what should have come. */
  readonly passedOver: { readonly file: string; readonly error: TxnLogError }[] = []
  /** Zxids of checks outside a multi, on which some servers do not start. */
  readonly bareChecks: bigint[] = []
  readonly #logs: readonly LogSource[]
  readonly #options: ReadHistoryOptions
  /** What entries that a later log may hold as well are known by. */
  readonly #known = new Map<bigint, (number | string)[]>()
  readonly #missedBelow: readonly bigint[]
  #last: bigint
  #lastLog = -1
  #stop: HistoryStop | null = null

  /** `logs` in any order. */
  constructor(logs: readonly LogSource[], options: ReadHistoryOptions) {
    this.#options = options
    this.#last = options.after
    this.#logs = selectLogs(logs, options.after)
    this.#missedBelow = [...new Set(logs.flatMap(({ missedBelow = [] }) => missedBelow))]
  }

  /** Null until all was read. */
  get stop(): HistoryStop | null {
    return this.#stop
  }

  /** Of the last entry that was given; `after` when there was none. */
  get lastZxid(): bigint {
    return this.#last
  }

  async *readEntries(): AsyncGenerator<readonly TxnEntry[], void, void> {
    for (let number = 0; number < this.#logs.length && this.#stop === null; number++) {
      yield* this.#readLog(this.#logs[number]!, number)
    }
    // What lies behind the zxid wanted does not matter, damage or gap.
    if (this.#last === this.#options.to) this.#stop = { kind: 'target' }
    this.#stop ??= { kind: 'end' }
  }

  async *#readLog(log: LogSource, number: number): AsyncGenerator<readonly TxnEntry[], void, void> {
    const reader = new LogReader(log.open(), { allowBareCheck: true, signal: this.#options.signal })
    const next = this.#logs[number + 1]
    try {
      for await (const batch of reader.readEntries()) {
        const fresh: TxnEntry[] = []
        for (const entry of batch) {
          if (this.#accept(entry, log, number)) {
            fresh.push(entry)
            if (next && entry.zxid >= next.zxid) this.#remember(entry)
          }
          if (this.#stop !== null) break
        }
        if (fresh.length > 0) yield fresh
        if (this.#stop !== null) return
      }
      if (reader.end?.tear) this.torn.push({ file: log.name, tear: reader.end.tear })
    } catch (error) {
      if (!(error instanceof TxnLogError)) throw error
      // Another log may go on exactly here: then nothing is lost.
      const goesOn =
        next && (next.zxid <= this.#last || findGap(this.#last, { zxid: next.zxid, type: TXN_TYPE.create }) === null)
      if (goesOn) this.passedOver.push({ file: log.name, error })
      else this.#stop = { kind: 'damage', error, file: log.name }
    } finally {
      await reader.close()
    }
  }

  /** True for an entry that is to be given; sets `stop` where the history ends before it. */
  #accept(entry: TxnEntry, log: LogSource, number: number): boolean {
    const { zxid } = entry
    const { after, to } = this.#options
    if (zxid <= after || log.accepts?.(zxid) === false) return false
    if (zxid <= this.#last) {
      if (this.#known.get(zxid)?.includes(identityOf(entry))) return false
      const isRepeat = zxid === this.#last && entry.type === TXN_TYPE.error
      if (!isRepeat && this.#lastLog !== number) {
        this.#stop = { kind: 'damage', error: foreignLog(entry, log), file: log.name }
        return false
      }
    }
    const gap = findGap(this.#last, entry) ?? this.#findMissed(zxid)
    if (gap) {
      this.#stop = { kind: 'gap', gap, file: log.name }
      return false
    }
    if (to !== null && zxid > to) {
      this.#stop = { kind: 'target' }
      return false
    }
    if (entry.type === TXN_TYPE.check) this.bareChecks.push(zxid)
    this.#last = zxid
    this.#lastLog = number
    return true
  }

  #findMissed(zxid: bigint): Gap | null {
    const isMissed = this.#missedBelow.some((begin) => this.#last < begin && zxid > begin)
    return isMissed ? { after: this.#last, before: zxid } : null
  }

  #remember(entry: TxnEntry): void {
    const known = this.#known.get(entry.zxid)
    if (known) known.push(identityOf(entry))
    else this.#known.set(entry.zxid, [identityOf(entry)])
  }
}

/**
 * The checksum; of a multi its header: a server that applies one that failed renames parts of it, and logs and streams of one ensemble then
 * hold it with other bytes (seen on 3.9.5).
 */
function identityOf(entry: TxnEntry): number | string {
  if (entry.type !== TXN_TYPE.multi) return entry.checksum
  return `${entry.session}/${entry.cxid}/${entry.timeMs}`
}

/** Of each place the newest log that begins at or below the first zxid needed, and all later ones: as a server does. */
export function selectLogs(logs: readonly LogSource[], after: bigint): LogSource[] {
  const places = new Map<string, LogSource[]>()
  for (const log of logs) places.set(log.place ?? '', [...(places.get(log.place ?? '') ?? []), log])
  return sortLogs([...places.values()].flatMap((place) => selectOfPlace(sortLogs(place), after)))
}

function selectOfPlace(sorted: readonly LogSource[], after: bigint): readonly LogSource[] {
  const first = sorted.findLastIndex((log) => log.zxid <= after + 1n)
  if (first <= 0) return sorted
  // Two copies of one log: the shorter may not reach what the longer holds.
  return sorted.filter((log) => log.zxid >= sorted[first]!.zxid)
}

function sortLogs(logs: readonly LogSource[]): LogSource[] {
  return [...logs].sort((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : a.name < b.name ? -1 : 1))
}

function foreignLog(entry: TxnEntry, log: LogSource): TxnLogError {
  return new TxnLogError(
    'FOREIGN_LOG',
    `${log.name} belongs to another database: its transaction 0x${entry.zxid.toString(16)} is not the one that another log holds`,
    { details: { offset: entry.offset, zxid: entry.zxid }, remedy: 'take the file away and look where it came from' },
  )
}

/** The last transaction at or before a time by the leader's clock, among `entries`; null when all came later. */
export async function findZxidAtTime(
  entries: AsyncIterable<readonly TxnEntry[]>,
  timeMs: number,
): Promise<bigint | null> {
  let found: bigint | null = null
  for await (const batch of entries) for (const entry of batch) if (entry.timeMs <= timeMs) found = entry.zxid
  return found
}
