import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { Gap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import type { Txn } from '../../domain/txnlog/txn.ts'
import type { LogSegment } from './log-segment.ts'
import type { MinuteCount } from './piece-index.ts'
import type { BaseFile, VerifyProblem } from './store.ts'

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

/** Seals what lies in a tail of a cluster whose archives are encrypted: whoever has the installation's key reads it. */
export interface TailBox {
  seal(bytes: Uint8Array): Uint8Array
  open(sealed: Uint8Array): Uint8Array
}

/** A snapshot beside the logs that they are replayed over. */
export interface LogBase extends BaseFile {
  /** Its folder: an archive. */
  readonly dir: string
  readonly takenAtMs: number
  readonly archiveBytes: number
  readonly manifest: Manifest
}

/** An open end of the log that grows: a native log file, made with its first entry. Of one writer. */
export interface LogTail {
  /** Of its file; null: nothing was appended yet. */
  readonly name: string | null
  /** Of the log in it that is written. */
  readonly bytes: number
  /** Of the last entry that was appended. */
  readonly last: bigint | null
  /** They are written when it returns: a process that is killed loses none, a machine what was not flushed. */
  append(entries: readonly TxnEntry[]): Promise<void>
  /** What was appended before the call is on the disk when it returns. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface PieceFile {
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** Files of one piece. The manifest comes last wherever a piece is put: without it there is no piece. */
export interface PieceFiles {
  readonly data: PieceFile
  /** Derived from the data: it may be missing. */
  readonly index: PieceFile | null
  readonly manifest: { readonly name: string; readonly text: string }
}

/** Pieces by themselves: how they are copied, held against their sums and encrypted anew, one at a time. */
export interface LogPiecePort {
  /** What a manifest says, as text or as JSON. Throws MANIFEST_INVALID. */
  parse(manifest: unknown, name: string): LogSegment
  /** Names of its files. */
  namesOf(segment: Pick<LogSegment, 'first' | 'sealed'>): {
    readonly data: string
    readonly index: string
    readonly manifest: string
  }
  /** First zxid of the piece that a manifest of this name describes; null for any other name. */
  findFirst(manifestName: string): bigint | null
  /** Transactions that are missing between pieces, which are in order. */
  findGaps(segments: readonly LogSegment[]): readonly Gap[]
  /** Null where there is no such piece, or none that is sound by name and size. */
  find(dir: string, first: bigint): Promise<LogSegment | null>
  /** Reads data and index for their sums. */
  files(dir: string, segment: LogSegment): Promise<PieceFiles>
  /**
   * Copies a piece into another folder, in place of what is there of the same first zxid: written aside, flushed, held against its sum as it
   * was read back, renamed. `replaces`: throws FILES_CHANGED where something else than this lies there now.
   */
  put(
    from: string,
    to: string,
    segment: LogSegment,
    options?: { readonly replaces?: LogSegment; readonly signal?: AbortSignal },
  ): Promise<void>
  /** Reads one piece and holds it against what is known of it; encrypted, with no key at hand, only against its sum. */
  verify(
    dir: string,
    segment: LogSegment,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly VerifyProblem[]>
  /** The piece for other recipients, with new file keys, into an empty folder. Its content is held against its sum. */
  reencrypt(dir: string, segment: LogSegment, into: string, recipients: readonly string[]): Promise<LogSegment>
  /** Any piece, its manifest first; one that is not there is as good as removed. */
  remove(dir: string, segment: Pick<LogSegment, 'first' | 'sealed'>): Promise<void>
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
  /** A tail of a holder of the log, of letters and digits. It is sealed where the port encrypts (ArchivePort.withRecipients). */
  openTail(dir: string, holder: string): LogTail
  /** What lies in tails, in order of the first zxid; some of it may be in pieces already. Nothing that a flush returned for is missing. */
  tails(dir: string): Promise<LogSource[]>
  /** Puts what lies in these tails into pieces, as `append`, and then removes them; they must be closed. */
  takeTails(
    dir: string,
    input: {
      readonly names: readonly string[]
      readonly members: readonly string[]
      readonly recipients?: readonly string[]
      readonly signal?: AbortSignal
    },
  ): Promise<AppendedLogs>
  /**
   * Lays aside (`<cluster>/logs/aside`) all pieces and bases behind `to`, or all there are: an ensemble has no more what it once told. Of a
   * piece that goes beyond it what lies before is kept, where it can be read. Tails are to be taken before.
   * What lies of it in stores is taken out of them by lib/services/logs/remove-pieces.ts.
   */
  rollBack(dir: string, to: bigint | null): Promise<void>
  /** Snapshots that lie beside the logs, written by `ArchivePort.write` into `basesDir`; newest first. What is not whole is left out. */
  bases(dir: string): Promise<readonly LogBase[]>
  /** Where they are written: `<cluster>/logs/bases`. */
  basesDir(dir: string): string
  /** Removes some of them. */
  removeBases(dir: string, bases: readonly LogBase[]): Promise<void>
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
   * those below that zxid. A piece that cannot be read is a break, not a failure. What lies in tails is found as well.
   */
  findTouches(
    dir: string,
    path: string,
    options: {
      readonly before?: bigint | null
      readonly limit: number
      /** Where the tails lie; absent: in `dir`. */
      readonly tailsIn?: string
      readonly signal?: AbortSignal
    },
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
  readonly pieces: LogPiecePort
}
