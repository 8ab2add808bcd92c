import type { TxnEntry } from '../../../domain/txnlog/entry.ts'
import type { LogSource } from '../../../domain/txnlog/ports.ts'
import type { BaseFile } from '../store.ts'
import type { LiveBase } from './live-tree.ts'

/**
 * Why a stream did not go on where it was. `forgotten`: the connection was lost for longer than the leader remembers. `away`: nobody listened for
 * so long. `lost-here`: what was kept is gone, or not what it leads to can be made. `keys`: it is sealed, and its key is not here. `begins`: what
 * is kept before came by another way than a stream. `restored`: the ensemble was put back to an older state, and somebody has said so.
 */
export type GapReason = 'forgotten' | 'away' | 'lost-here' | 'keys' | 'begins' | 'restored'

/** Transactions that came to nobody here, both ends included. */
export interface FollowGap {
  readonly from: bigint
  readonly to: bigint
  readonly why: GapReason
  /** False: an election lies in between, and whether the epoch before it went on behind `from` cannot be told. */
  readonly isCertain: boolean
  /** By our clock. */
  readonly atMs: number
}

/** What a sink keeps from earlier. */
export interface FollowHolding {
  /** Of the last transaction that is kept, or of the newest base where none is kept behind it; null: nothing is. */
  readonly last: bigint | null
  /** Newest first. */
  readonly bases: readonly BaseFile[]
  readonly logs: readonly LogSource[]
  /** How many are on record. */
  readonly gaps: number
  /** Where less is held than was kept once: why. */
  readonly shortBy?: GapReason
  /** What is kept up to `last` is whole, though nothing of it can be read here: it is gone on behind, over a tree of the leader's. */
  readonly isSealed?: boolean
  /** Called once the bases were opened, or are not wanted: files that were made for it go. */
  readonly release?: () => Promise<void>
}

/**
 * Where a stream is kept. Calls come one at a time, but for `flush` and `base`, which may run beside `append`. What it is given is in order, without
 * duplicates, and without gaps but for those that `gap` tells of first.
 */
export interface FollowSink {
  /** On the file system that bases are kept on; what lies in it belongs to the follow. */
  readonly scratchDir: string
  /** Called once, first: puts in order what a process that was killed has left, and says what is there. */
  open(): Promise<FollowHolding>
  /** They are written when it returns, so that a process that is killed loses none; what a machine loses is what was not flushed. */
  append(entries: readonly TxnEntry[]): Promise<void>
  /** What was appended is on the disk when it returns. */
  flush(): Promise<void>
  /** Keeps a base by renaming or copying it before it returns. */
  base(base: LiveBase): Promise<void>
  /** What is appended next lies behind a gap. The same `from` again: what is known of it by now. */
  gap(gap: FollowGap): Promise<void>
  /** One that was not certain was none. */
  noGap(gap: FollowGap): Promise<void>
  /** The ensemble never had, or has no more, what lies behind `to`: it is laid aside, not removed. Null: all of it. Says what is left. */
  rollBack(to: bigint | null): Promise<FollowHolding>
  close(): Promise<void>
}
