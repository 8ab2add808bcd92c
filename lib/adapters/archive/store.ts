import type { Consistency, Manifest } from '../../domain/snapshot/manifest.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import type { OpenedImport, OpenImportOptions } from './imports/open-import.ts'
import type { LiveTreePort } from './live/live-tree.ts'
import type { LogArchivePort } from './log-archive.ts'
import type { ReplayProof } from './replay-proof.ts'

/** What only the source knows when its stream has ended; everything countable is counted by the writer itself. */
export interface ArchiveDescription {
  readonly cluster: Manifest['cluster']
  readonly source: Manifest['source']
  readonly zookeeperVersion: string | null
  readonly scope: Manifest['scope']
  /** Names the snapshot file: the highest zxid that the content can hold. */
  readonly zxid: bigint
  readonly consistency: Consistency
  readonly unreadable: readonly string[]
  /** Session → timeout in ms where the source knows it. Owners of ephemerals that are not here are written with 30000 ms. */
  readonly sessions?: ReadonlyMap<bigint, number>
  readonly note?: string
  readonly import?: Manifest['import']
}

export interface WriteArchiveInput {
  /** Folder of one cluster in a store; made when missing. The archive folder is made inside it, whole or not at all. */
  readonly parentDir: string
  /** Path order, ancestors of every subtree included. */
  readonly stream: ZnodeStream
  /** False for an ancestor that is in the stream only so that a server can load the rest. Default: all is held for its own sake. */
  readonly holds?: (path: string) => boolean
  /** Called once, after the stream has ended. */
  describe(): ArchiveDescription | Promise<ArchiveDescription>
  readonly startedAtMs: number
  readonly now: () => number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: {
    phase: 'writing' | 'reading-back'
    znodes: number
    dataBytes: number
    archiveBytes: number
  }) => void
}

/** An archive seen as a tree. Kinds are `unknown` for owner-less znodes when the manifest's source is `client`. */
export interface ArchiveReader extends TreeReader {
  readonly dir: string
  readonly manifest: Manifest
}

export interface VerifyProblem {
  readonly code: string
  readonly message: string
  readonly file?: string
  readonly offset?: number
}

/** Shape of `arkeeper verify --json`. */
export interface VerifyReport {
  readonly ok: boolean
  readonly files: readonly {
    readonly name: string
    readonly bytes: number
    readonly sha256: string
    readonly ok: boolean
  }[]
  readonly checksumOk: boolean
  readonly znodes: number
  /** Of an encrypted archive. Not opened: only the sums of the files as they lie there are proven, and `checksumOk` and `znodes` say that. */
  readonly encryption?: { readonly recipients: readonly string[]; readonly opened: boolean }
  readonly digest: {
    readonly version: 2
    readonly zxid: string
    readonly stored: string
    readonly computed: string
    readonly match: boolean
  } | null
  readonly problems: readonly VerifyProblem[]
}

export type ListedArchive =
  | { readonly kind: 'archive'; readonly dir: string; readonly manifest: Manifest; readonly archiveBytes: number }
  | { readonly kind: 'damaged'; readonly dir: string; readonly message: string }

/** A server's own snapshot file: a tree that may be fuzzy, and what the file says of the state it shows. */
export interface NativeSnapshot {
  /** To be closed by whoever opened it. */
  readonly reader: TreeReader
  /** Session → timeout in ms. */
  readonly sessions: ReadonlyMap<bigint, number>
  /** Last zxid applied when writing ended (3.9+); null where the file has none. */
  readonly lastZxid: bigint | null
  /** The server's digest of the tree at `zxid` (3.6+) beside that of the tree in the file: equal only when nothing moved meanwhile. */
  readonly digest: { readonly zxid: bigint; readonly stored: bigint; readonly computed: bigint } | null
  readonly znodes: number
}

export interface OpenDataDirOptions {
  /** Where logs lie when not beside the snapshots (`dataLogDir`). */
  readonly logDir?: string
  /** The tree after the last transaction at or below it. Default: the last one that the logs prove. */
  readonly to?: bigint
  /** Zxids on the way whose digest is wanted, to be held against what servers publish. */
  readonly digestsAt?: ReadonlySet<bigint>
  readonly signal?: AbortSignal
  readonly onProgress?: (applied: number) => void
}

/** A snapshot that logs can be replayed over, wherever it lies. */
export interface BaseFile {
  /** For people. */
  readonly name: string
  readonly path: string
  /** Brings it to this host, where it is not yet: read it from the path that is given here, and release it when it is open. */
  readonly fetch?: () => Promise<{ readonly path: string; release(): Promise<void> }>
  /** Everything above it is to be replayed. */
  readonly zxid: bigint
  /** As it lies on the disk, where that was looked at. */
  readonly bytes?: number
  /** It was proven to be the tree at `zxid`: nothing behind it needs to be replayed first. */
  readonly isExact?: boolean
  /**
   * Up to where transactions may be seen in it, where whoever received it knows that and the file does not say it. Nothing that is not replayed
   * up to there is a state.
   */
  readonly windowEnd?: bigint
  /** What servers said the digest of the tree at `zxid` is, where the file does not say it. */
  readonly digest?: bigint
  /** False for a walk over the client port: znodes without an owner may be containers or have a time to live. */
  readonly kindsKnown?: boolean
}

export interface OpenMomentInput {
  /** Whose tree: for messages. */
  readonly name: string
  /** In the order in which they are tried. */
  readonly bases: readonly BaseFile[]
  readonly logs: readonly LogSource[]
  readonly to: bigint
  readonly signal?: AbortSignal
  readonly onProgress?: (applied: number) => void
}

export interface StreamMomentInput extends Omit<OpenMomentInput, 'name' | 'bases'> {
  readonly base: BaseFile
}

/** A tree at one zxid that is read as a whole, and not kept in between. */
export interface MomentStream {
  readonly proof: ReplayProof
  /** Session → timeout in ms. */
  readonly sessions: ReadonlyMap<bigint, number>
  /** All znodes in path order, the built-in ones included; once a call. */
  readAll(): ZnodeStream
  /** What was written of it must have this digest. Throws TxnLogError INCONSISTENT. */
  assertWritten(digest: bigint): void
  close(): Promise<void>
}

/** Hears how the disk keeps up with what comes. */
export interface ReceivingEvents {
  pause(): void
  resume(): void
  fail(error: unknown): void
}

/** A leader's tree, put in order while it comes. */
export interface ReceivedRecords {
  readonly path: string
  readonly bytes: number
  /** Takes bytes without waiting: sessions, ACL table, nodes, end of nodes. */
  add(bytes: Buffer): void
  /** All of it is there. Throws SnapshotError for a tree that is not whole. */
  finish(): Promise<void>
  /** As ArchivePort.streamMoment with this as the base, whose `path` and `fetch` say nothing then. After `finish`, until `discard`. */
  streamMoment(input: StreamMomentInput): Promise<MomentStream | null>
  /** The latest change that the tree shows. */
  findLastChange(signal?: AbortSignal): Promise<bigint>
  /** Leaves no file behind. */
  discard(): Promise<void>
}

/** A server's data directory as a tree at one zxid, and how well that is proven. */
export interface DataDirReader extends TreeReader {
  /** Folder that holds the snapshots. */
  readonly dir: string
  readonly proof: ReplayProof
  /** Session → timeout in ms. */
  readonly sessions: ReadonlyMap<bigint, number>
}

/** An archive's snapshot as a server of any version reads it: unpacked, under a name that whoever places it chooses. */
export interface UnpackedSnapshot {
  readonly manifest: Manifest
  readonly bytes: number
  readonly sha256: string
  readonly largestDataBytes: number
  readonly largestPath: string
  readonly sessions: number
  readonly byKind: Readonly<Record<'persistent' | 'ephemeral' | 'container' | 'ttl', number>>
}

/** Where archives live, as services see it. One folder today; the directory of an archive is its identity. */
export interface ArchivePort {
  write(
    input: WriteArchiveInput,
  ): Promise<{ readonly dir: string; readonly manifest: Manifest; readonly archiveBytes: number }>
  open(dir: string): Promise<ArchiveReader>
  /** What can be read without a key. Throws ArchiveError NOT_FOUND, MANIFEST_MISSING or MANIFEST_INVALID. */
  readManifest(dir: string): Promise<Manifest>
  verify(dir: string, options?: { signal?: AbortSignal; onProgress?: (znodes: number) => void }): Promise<VerifyReport>
  /** Reads an archive's snapshot to its end, checks all that it holds, and tells what it is unpacked. */
  measureUnpacked(
    dir: string,
    options?: { signal?: AbortSignal; onProgress?: (znodes: number) => void },
  ): Promise<UnpackedSnapshot>
  /** The bytes that `measureUnpacked` measured. Throws as it goes when the file is damaged. */
  readUnpacked(dir: string): AsyncIterable<Uint8Array>
  /** The same store, whose new archives are encrypted to these public keys. What it writes it reads back without a private key. */
  withRecipients(recipients: readonly string[]): ArchivePort
  /**
   * The same archive, plain or encrypted, encrypted anew to the recipients of this store (`withRecipients`) in an own folder below `parentDir`.
   * It appears only when all of it was read back; the former is not touched. `name`: of that folder, where it is free; `dir` may be a copy of
   * this host whose folder has a name of its own. Throws AgeError KEY_MISSING as well.
   */
  reencrypt(
    dir: string,
    options: { readonly parentDir: string; readonly name?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly dir: string; readonly manifest: Manifest; readonly archiveBytes: number }>
  /** Throws AgeError KEY_MISSING when the archive is encrypted and no private key at hand opens it. */
  assertReadable(dir: string): Promise<void>
  /** Archives directly below a store's cluster folders; unfinished temporaries are not listed. */
  list(storeDir: string): AsyncIterable<ListedArchive>
  remove(dir: string): Promise<void>
  /** Delete what dead writers left (`.tmp-*` whose owner process is gone or that are older than a day). */
  sweepUnfinished(storeDir: string): Promise<number>
  /** A native snapshot file, a data directory (as of the last transaction that its logs prove) or an archive directory. */
  openPath(path: string, options?: { signal?: AbortSignal }): Promise<TreeReader>
  /** A data directory at any zxid that its snapshots and logs reach. */
  openDataDir(path: string, options?: OpenDataDirOptions): Promise<DataDirReader>
  /** The tree at a zxid from bases and logs of any places. Errors as of `openDataDir`. */
  openMoment(input: OpenMomentInput): Promise<DataDirReader>
  /** As `openMoment` from one base, for whoever reads all of it once. Null where the logs do not lead to the zxid. */
  streamMoment(input: StreamMomentInput): Promise<MomentStream | null>
  /** Takes a tree that is sent, into a scratch file at `path`. */
  receiveRecords(path: string, events: ReceivingEvents): ReceivedRecords
  /** Snapshots of a server as they lie in its directory, newest first. Errors as of `logs.memberLogs`. */
  memberSnapshots(dataDir: string): Promise<BaseFile[]>
  /** The snapshot of an archive as a base. Throws ArchiveError for an archive that is not whole. */
  archiveBase(dir: string): Promise<BaseFile>
  /** Another tool's file, or a server's own, to be made an archive of. */
  openImport(path: string, options: OpenImportOptions): Promise<OpenedImport>
  /** A snapshot file as a server wrote it, checked to its last byte: plain, gzip or snappy by content. */
  openNative(
    path: string,
    options?: { signal?: AbortSignal; onProgress?: (znodes: number, dataBytes: number) => void },
  ): Promise<NativeSnapshot>
  /** Trees that follow a stream of transactions. */
  readonly liveTrees: LiveTreePort
  /** The continuous transaction logs of the store's clusters. */
  readonly logs: LogArchivePort
}
