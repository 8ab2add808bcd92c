import type { Gap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
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
  /** How many transactions a piece holds of each minute, in order of time, from its index. */
  minutes(
    dir: string,
    segment: LogSegment,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly MinuteCount[]>
  /** Reads every piece and checks sums, entries and continuity. */
  verify(dir: string, options?: { readonly signal?: AbortSignal }): Promise<LogSegments>
}
