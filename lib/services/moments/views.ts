import type { ErrorView } from '../error-view.ts'

/** Why a moment is believed. zxids are hex. */
export interface MomentProofView {
  readonly zxid: string
  /** Proven by the server's digest, or by a history without a gap from a proven base on. */
  readonly exact: boolean
  /** Whether the tree's digest is the one that the server logged for it; null where it logged none. */
  readonly digest: 'match' | 'mismatch' | null
  readonly base: { readonly name: string; readonly zxid: string }
  /** Transactions that were replayed over the base. */
  readonly applied: number
  readonly kindsKnown: boolean
  readonly problems: readonly string[]
}

/** A part of the past, both ends included. */
export interface TimeRangeView {
  readonly from: string
  readonly to: string
  readonly fromAt: string | null
  readonly toAt: string | null
  /** Null: every moment of it can be shown. */
  readonly unreachable: string | null
}

/** A transaction that the slider stops at. */
export interface TimeStopView {
  readonly zxid: string
  readonly at: string
}

export interface TimeLineView {
  readonly clusterId: string
  readonly clusterName: string
  /** In order of zxid; empty where nothing of the past is known. */
  readonly ranges: readonly TimeRangeView[]
  readonly stops: readonly TimeStopView[]
  /** Null: the cluster does not answer, so that the end of its log may hold what was never committed. */
  readonly committed: string | null
  /** What keep rules have removed: there is no gap below it, it is kept no more. `at`: null where nobody noted when. */
  readonly removed: { readonly through: string; readonly at: string | null } | null
  readonly isKept: boolean
  readonly members: readonly string[]
  readonly faults: readonly string[]
}

/** A time or zxid that was picked, and the last transaction at or before it. */
export interface PickedMomentView {
  readonly zxid: string
  /** By the leader's clock; null where no log holds the transaction itself. */
  readonly at: string | null
}

export type MomentView =
  | { readonly kind: 'ready'; readonly moment: PickedMomentView; readonly proof: MomentProofView }
  /** There is much to replay: a job makes the tree ready. `jobId` is that of one that waits or runs. */
  | { readonly kind: 'large'; readonly moment: PickedMomentView; readonly bytes: number; readonly jobId: string | null }
  | { readonly kind: 'failed'; readonly moment: PickedMomentView; readonly error: ErrorView }
