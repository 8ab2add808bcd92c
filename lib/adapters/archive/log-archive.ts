import type { Gap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import type { Txn } from '../../domain/txnlog/txn.ts'
import type { LogSegment } from './log-segment.ts'
import type { MinuteCount } from './piece-index.ts'
import type { VerifyProblem } from './store.ts'

export type { LogBlock, LogSegment } from './log-segment.ts'
export type { MinuteCount } from './piece-index.ts'

export interface LogSegments {
  /** In order of zxid. */
  readonly segments: readonly LogSegment[]
  /** Transactions that no segment holds, between two that do. */
  readonly gaps: readonly Gap[]
  /** Files that look like segments and are not sound by name and size. */
  readonly problems: readonly VerifyProblem[]
}

export interface AppendedLogs {
  readonly transactions: number
  /** Of the last transaction that the archive now holds; null where it holds none. */
  readonly last: bigint | null
  readonly bytes: number
}

/** A transaction that touches a znode, by itself: its bytes are copied out of the piece. */
export interface Touch {
  readonly zxid: bigint
  readonly entry: TxnEntry
  readonly txn: Txn
}

/** Transactions that are missing between touches: no piece holds them, or (`problem`) the piece that should cannot be read. */
export interface TouchBreak extends Gap {
  readonly problem: string | null
}

export interface FoundTouches {
  /** Newest first. */
  readonly touches: readonly Touch[]
  /** In what was looked through, newest first. */
  readonly breaks: readonly TouchBreak[]
  /** Give it as `before` for the next page; null: these were the oldest. */
  readonly next: bigint | null
  /** From where to where the archive goes; null where it holds nothing, or its newest piece cannot be read. */
  readonly reach: { readonly first: bigint; readonly last: bigint; readonly lastTimeMs: number } | null
}

/**
 * The continuous transaction log of one cluster in a store: `<store>/<cluster>/logs/log.<first zxid>.gz`, each a native log in gzip members
 * with a manifest of its own. What is there is never changed, but for the newest piece, which is replaced by a longer one until it is
 * about 16 MiB. One writer at a time; any number of readers.
 */
export interface LogArchivePort {
  list(dir: string): Promise<LogSegments>
  /** Entries above the archive's last zxid, in order; those at or below it are passed over. A piece begins anew behind a gap. */
  append(
    dir: string,
    input: {
      readonly entries: AsyncIterable<readonly TxnEntry[]>
      readonly members: readonly string[]
      /** Public keys that new pieces are encrypted to. Absent: they are plain. */
      readonly recipients?: readonly string[]
      readonly signal?: AbortSignal
    },
  ): Promise<AppendedLogs>
  /**
   * Log files of a server as they lie in its directory (`version-2` or its parent), oldest first; read where they are, never written.
   * Throws ArchiveError NOT_FOUND, DENIED or NOT_A_SNAPSHOT.
   */
  memberLogs(dataLogDir: string): Promise<LogSource[]>
  /** The pieces as logs to be replayed. */
  sources(dir: string, segments: readonly LogSegment[]): LogSource[]
  /** Entries of one piece from about `from` on: it is entered at the block that holds it. */
  read(
    dir: string,
    segment: LogSegment,
    options?: { readonly from?: bigint; readonly signal?: AbortSignal },
  ): AsyncGenerator<readonly TxnEntry[], void, void>
  /**
   * The transactions that create, delete or change one znode (absolute path), newest first, through the pieces' indexes. `before`: only
   * those below that zxid. A piece that cannot be read is a break, not a failure.
   */
  findTouches(
    dir: string,
    path: string,
    options: { readonly before?: bigint | null; readonly limit: number; readonly signal?: AbortSignal },
  ): Promise<FoundTouches>
  /** How many transactions a piece holds of each minute, in order of time, from its index. */
  minutes(
    dir: string,
    segment: LogSegment,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly MinuteCount[]>
  /** Removes pieces, the oldest first: `pieces` are those from the start of the archive on, never its newest. Gives their bytes. */
  removeOldest(dir: string, pieces: readonly LogSegment[]): Promise<number>
  /** Reads every piece and checks sums, entries and continuity. */
  verify(dir: string, options?: { readonly signal?: AbortSignal }): Promise<LogSegments>
}
