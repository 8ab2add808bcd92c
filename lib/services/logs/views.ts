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
