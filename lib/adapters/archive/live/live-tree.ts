import type { TxnEntry } from '../../../domain/txnlog/entry.ts'
import type { Znode } from '../../../domain/znode/znode.ts'

/** A digest that was held against the tree and was another. */
export interface DigestParting {
  readonly zxid: bigint
  /** What the server said. */
  readonly expected: bigint
  /** What its own transactions come to. */
  readonly found: bigint
}

/** How well the tree is proven. */
export interface LiveProof {
  /** Digests that were held against the tree, and the last zxid of one; 0 and null before 3.6, or with digests off. */
  readonly compared: number
  readonly comparedZxid: bigint | null
  /** Since when the digests differ; null: the last ones were equal. One that differs alone, between equal ones, is counted as `odd`. */
  readonly parted: DigestParting | null
  /** The last one differed, and the next will tell whether it parted or was an odd one. */
  readonly suspected: DigestParting | null
  readonly odd: number
  /** Transactions that met something else than they were made for, outside of a fuzzy window: damage. */
  readonly conflicts: number
}

/** A native snapshot of the tree at one zxid, in path order, whole and on the disk. */
export interface LiveBase {
  readonly zxid: bigint
  /** In the folder that was asked for. Whoever wants to keep it renames it before it answers; else it is removed. */
  readonly path: string
  readonly bytes: number
  readonly znodes: number
  readonly digest: bigint
}

/**
 * The tree as the stream has it: a native snapshot in path order on the disk, and in memory what transactions have touched since. One user at a
 * time, but for `rebase`, which runs beside the others.
 */
export interface LiveTree {
  /** Of the last transaction applied. */
  readonly zxid: bigint
  /** Of all znodes, as servers of 3.6+ make it. */
  readonly digest: bigint
  readonly znodes: number
  /** Of the snapshot below. */
  readonly baseBytes: number
  /** About how much memory the touched part takes. */
  readonly heldBytes: number
  readonly proof: LiveProof
  /** Entries behind `zxid`, in order, each checked against its digest; what lies at or below `zxid` is passed over. */
  apply(entries: readonly TxnEntry[]): Promise<void>
  /** The tree is one from here on: what was applied so far belonged to the window of a fuzzy snapshot. */
  endWindow(): void
  /** Null for a znode that does not exist. In the order of `paths`; what is given stays as it is. */
  read(paths: readonly string[]): Promise<(Znode | null)[]>
  /** Takes what was touched out of memory; from time to time it is put into a new base meanwhile. Throws what failed of that. */
  relieve(): Promise<void>
  /**
   * Writes the tree as it is now into a new snapshot and goes on upon it, so that memory is free again; what comes meanwhile is not held up.
   * `keep` is called when the file is whole and flushed, with the right to rename it; without `keep` nothing is left of it by name.
   */
  rebase(options: { readonly keep?: (base: LiveBase) => Promise<void>; readonly signal?: AbortSignal }): Promise<void>
  close(): Promise<void>
}

export interface OpenLiveTree {
  /** A snapshot in any order and compression. It may be removed when this resolves. */
  readonly path: string
  /** Everything above it is applied. */
  readonly zxid: bigint
  /** `open`: fuzzy until `endWindow`. `file`: as far as the file tells. */
  readonly window: 'open' | 'file'
  /** Folder for snapshots that are written. */
  readonly scratchDir: string
  readonly signal?: AbortSignal
}

export interface LiveTreePort {
  /** Throws ArchiveError, or SnapshotError for a file that is damaged. */
  open(input: OpenLiveTree): Promise<LiveTree>
}
