import type { ErrorView } from '../error-view.ts'

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
