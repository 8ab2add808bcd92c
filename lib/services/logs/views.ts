import type { WhyUnknown } from '../../domain/txnlog/znode-state.ts'
import type { ZnodeKind } from '../../domain/znode/znode.ts'
import type { ErrorView } from '../error-view.ts'
import type { AclEntryView, UnpackedView } from '../tree/views.ts'
import type { HiddenValueView } from '../values/views.ts'

/** How the transaction log of a cluster is kept in the store. zxids are hex strings, times ISO strings. */
export interface LogKeepingView {
  readonly enabled: boolean
  readonly everySeconds: number
  readonly lastRunAt: string | null
  readonly lastOkAt: string | null
  /** Why the last run failed. */
  readonly error: ErrorView | null
  readonly coverage: readonly {
    readonly member: string
    readonly logs: number
    readonly first: string | null
    readonly error: string | null
  }[]
  readonly archive: {
    readonly pieces: number
    readonly transactions: number
    readonly bytes: number
    readonly first: string | null
    readonly last: string | null
    readonly firstAt: string | null
    readonly lastAt: string | null
    readonly gaps: readonly { readonly after: string; readonly before: string }[]
    readonly problems: readonly string[]
  }
  /** Members that the server's configuration file names; none: logs cannot be kept. */
  readonly members: readonly string[]
  /** Where it lies; empty before the first mirroring. */
  readonly stores: readonly LogStoreView[]
  readonly damaged: readonly DamagedPieceView[]
}

/** How far a cluster's log is in one store. */
export interface LogStoreView {
  readonly storeId: string
  readonly storeName: string
  readonly isBuiltIn: boolean
  readonly pieces: number
  readonly bytes: number
  /** Pieces that were read again since they were put there, and are sound. */
  readonly readAgain: number
  /** Bases that are there and not known to be damaged: without one, or a backup, nothing is told from the pieces. */
  readonly bases: number
  readonly lastBase: string | null
  /** Up to here it is there without a hole, and when that was by the leader's clock. */
  readonly last: string | null
  readonly lastAt: string | null
  /** From its last transaction to the last that is kept anywhere: what is lost with the host that follows or keeps. Null: not known. */
  readonly behindMs: number | null
  /** When last all that was archived was there. */
  readonly lastOkAt: string | null
  /** Pieces and bases that were not there after the last run. */
  readonly missing: number
  readonly error: ErrorView | null
}

/** A part of the log that was read again and is not what was written. */
export interface DamagedPieceView {
  /** A base has one zxid, which is both its first and its last. */
  readonly kind: 'piece' | 'base'
  readonly storeId: string
  readonly storeName: string
  readonly first: string
  readonly last: string
  readonly foundAt: string | null
  readonly fault: string
  /** A store that has it sound; null: none does. */
  readonly soundIn: string | null
  /** Somebody has asked for it to be put back. */
  readonly isAsked: boolean
}

/** How many transactions the archived logs hold over time, by the leader's clock. Bucket i begins at from + i × bucketMs. */
export interface WriteRateView {
  /** ISO; both are whole minutes, and `to` is the end of the last bucket. */
  readonly from: string
  readonly to: string
  readonly bucketMs: number
  readonly counts: readonly number[]
  /** The lowest zxid in each bucket; null where nothing was written, or nothing of it is archived. */
  readonly firstZxids: readonly (string | null)[]
  readonly transactions: number
  /** Transactions that no piece holds, and when, by the pieces on both sides. */
  readonly gaps: readonly {
    readonly after: string
    readonly before: string
    readonly from: string
    readonly to: string
  }[]
}

/** What one transaction did to one znode; several where it was a multi. `closed`: the session ended whose ephemeral it was. */
export type TouchKind = 'created' | 'data' | 'acl' | 'deleted' | 'closed'

/** The znode's value between two transactions, in short. */
export type StateFactsView =
  | { readonly kind: 'unknown'; readonly why: WhyUnknown }
  | { readonly kind: 'absent' }
  /** `dataLength`: null is null data. */
  | { readonly kind: 'present'; readonly dataLength: number | null; readonly version: number | null }

export interface ZnodeTransactionView {
  readonly zxid: string
  readonly at: string
  readonly session: string
  readonly did: readonly TouchKind[]
  /** How many operations the multi had that this was a part of; null where it was none. */
  readonly multiOps: number | null
  readonly before: StateFactsView
  readonly after: StateFactsView
}

/** Transactions that the archive lacks between others; `problem`: the piece that should hold them cannot be read. */
export interface LogBreakView {
  readonly after: string
  readonly before: string
  readonly problem: string | null
}

/** One page, newest first. */
export interface ZnodeTransactionsView {
  readonly clusterId: string
  readonly clusterName: string
  /** Whether the cluster's log is being kept now; what was kept earlier is there all the same. */
  readonly isKept: boolean
  /** From where to where the archive goes; null where nothing is archived. */
  readonly reach: { readonly first: string; readonly last: string; readonly lastAt: string } | null
  readonly transactions: readonly ZnodeTransactionView[]
  readonly breaks: readonly LogBreakView[]
  readonly next: string | null
}

/** The znode between two transactions, whole. */
export type StateView =
  | { readonly kind: 'unknown'; readonly why: WhyUnknown }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present'
      readonly value:
        | {
            readonly kind: 'known'
            /** base64; null is null data. Cut after 1 MiB with `truncated` set. */
            readonly data: string | null
            readonly dataLength: number
            readonly truncated: boolean
            readonly unpacked: UnpackedView | null
            /** There: it has bytes that are not shown, and `data` says nothing. */
            readonly hidden?: HiddenValueView
          }
        | { readonly kind: 'unknown'; readonly why: WhyUnknown }
      /** Null: not known. */
      readonly acl: readonly AclEntryView[] | null
      readonly znodeKind: ZnodeKind | null
      readonly ttlMs: number | null
      readonly version: number | null
    }

export interface ZnodeTransactionDetailView {
  readonly transaction: ZnodeTransactionView
  readonly before: StateView
  readonly after: StateView
}
