import type { DownCause } from '../../adapters/zookeeper/connection.ts'

/** Times are ISO strings in every view; zxids are hex strings. Secrets never appear in a view. */
export interface ClusterView {
  readonly id: string
  readonly name: string
  readonly connectString: string
  readonly authScheme: string | null
  readonly environment: 'production' | 'staging' | 'development'
  readonly sessionTimeoutMs: number
  readonly note: string
  /** Null or past: read-only. */
  readonly armedUntil: string | null
  readonly isArmed: boolean
  readonly createdAt: string
  readonly lastGoodBackup: {
    readonly id: string
    readonly takenAt: string
    readonly znodes: number
    readonly verifyOk: boolean | null
  } | null
  readonly backups: number
  readonly runningJobs: number
}

export interface ServerStatusView {
  readonly server: string
  readonly mode: string | null
  readonly version: string | null
  readonly zxid: string | null
  readonly error: string | null
}

export type ClusterStatusView =
  | {
      readonly state: 'up'
      readonly checkedAt: string
      readonly servers: readonly ServerStatusView[]
      readonly mode: string | null
      readonly version: string | null
      readonly zxid: string
      readonly znodes: number | null
      readonly latencyMs: number
    }
  | {
      readonly state: 'down'
      readonly checkedAt: string
      readonly cause: DownCause
      readonly message: string
      readonly remedy: string
      readonly servers: readonly ServerStatusView[]
    }
