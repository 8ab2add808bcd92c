import type { TouchDid } from '../../domain/txnlog/summary.ts'
import type { ErrorView } from '../error-view.ts'
import type { FollowState } from '../follow/views.ts'
import type { Difference } from './drift-book.ts'

export interface LiveTouchView {
  readonly did: TouchDid
  readonly path: string
  readonly isEphemeral: boolean
}

/** One transaction in paths and numbers. zxids are hex strings, times ISO strings by the leader's clock. */
export interface LiveTxnView {
  readonly zxid: string
  readonly at: string
  readonly session: string
  /** As ZooKeeper names it: `create`, `multi`, `closeSession` … */
  readonly type: string
  /** ZooKeeper's number of why it failed; null: it was carried out. */
  readonly error: number | null
  /** Its name of that: `NoNode`, `BadVersion` …; null too for a number without one. */
  readonly errorName: string | null
  /** By the paths that people of the cluster know; the first of them. */
  readonly touched: readonly LiveTouchView[]
  readonly touchedCount: number
  /** Why it cannot be taken back; null: it can, as far as that is told here. */
  readonly notUndoable: string | null
}

export interface LiveTxnsView {
  /** Newest first. */
  readonly transactions: readonly LiveTxnView[]
  /** Give it as `before` for older ones; null: there are none, or no filter of them was found in reach. */
  readonly next: string | null
  /** The newest transaction that is kept, whatever the filters; null where nothing is. */
  readonly newest: { readonly zxid: string; readonly at: string } | null
}

/** What the page hears while it is open. */
export type LiveEventView =
  | {
      readonly kind: 'transactions'
      /** Oldest first. */
      readonly transactions: readonly LiveTxnView[]
      /** Others of the same moment that are not sent one by one. */
      readonly more: number
    }
  | { readonly kind: 'drift' | 'watched' }
  /** First, and whenever something of it is new. */
  | { readonly kind: 'status'; readonly status: LiveStatusView }

/** Where what the page shows comes from. */
export interface LiveStatusView {
  readonly clusterId: string
  readonly clusterName: string
  /** Null: nobody has switched the stream on. */
  readonly follow: {
    readonly state: FollowState
    readonly since: string | null
    /** The last transaction that is kept. */
    readonly lastZxid: string | null
    readonly lagMs: number | null
    readonly rate: number | null
  } | null
  /** Seconds between two runs of the keeping of the members' logs; null: they are not kept. */
  readonly logEverySeconds: number | null
}

export interface WatchedPathView {
  readonly id: string
  readonly path: string
  readonly note: string
  readonly createdByName: string
  readonly createdAt: string
  /** Kept hits, the newest first; a few. */
  readonly hits: readonly {
    readonly zxid: string
    readonly at: string
    readonly type: string
    /** The first path that was touched then, and how many transactions came in the same moment. */
    readonly path: string
    readonly transactions: number
    readonly session: string
  }[]
  readonly hitCount: number
}

/** How far a cluster is from the backup that was chosen as its baseline, write by write. */
export interface LiveDriftView {
  readonly backupId: string
  /** Compared at and below it. */
  readonly path: string
  /** `stale`: the log is not kept, so it is compared as a whole every few minutes. */
  readonly state: 'counting' | 'current' | 'stale' | 'failed'
  readonly asOf: {
    readonly zxid: string
    readonly at: string
    readonly added: number
    readonly removed: number
    readonly changed: number
  } | null
  /** In path order; the first of them where `isCut`. */
  readonly differences: readonly Difference[]
  readonly isCut: boolean
  readonly error: ErrorView | null
}
