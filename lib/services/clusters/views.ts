import type { DownCause } from '../../adapters/zookeeper/connection.ts'
import type { FollowState, FollowView } from '../follow/views.ts'
import type { HealthSummaryView } from '../health/views.ts'

/** Times are ISO strings in every view; zxids are hex strings. Secrets never appear in a view. */
/** A certificate as people need it: whose it is and until when. */
export interface CertificateView {
  readonly of: 'authority' | 'client' | 'server'
  readonly subject: string
  readonly issuer: string
  readonly validTo: string
}

/** Certificates are public; the key never appears. */
export interface ClusterTlsView {
  /** PEM, or empty: the authorities that Node.js brings along. */
  readonly ca: string
  readonly cert: string
  readonly checkName: boolean
  readonly certificates: readonly CertificateView[]
}

export interface ClusterView {
  readonly id: string
  readonly name: string
  readonly connectString: string
  readonly authScheme: string | null
  /** Null: the connections are plain. */
  readonly tls: ClusterTlsView | null
  readonly environment: 'production' | 'staging' | 'development'
  readonly sessionTimeoutMs: number
  /** The servers' jute.maxbuffer. */
  readonly requestBytesMax: number
  readonly note: string
  /** Null or past: read-only. */
  readonly armedUntil: string | null
  readonly isArmed: boolean
  /** Restores need a second person's approval, which holds so long; null: they do not. */
  readonly approvalMinutes: number | null
  readonly createdAt: string
  readonly lastGoodBackup: {
    readonly id: string
    readonly takenAt: string
    readonly znodes: number
    readonly verifyOk: boolean | null
  } | null
  /** What drills say; null where none was done. */
  readonly lastProved: { readonly backupId: string; readonly takenAt: string; readonly provedAt: string } | null
  readonly failedDrill: { readonly backupId: string; readonly takenAt: string; readonly drilledAt: string } | null
  readonly backups: number
  readonly runningJobs: number
  /** Of the schedules that are on: when the next run begins, and how the last one went. */
  readonly nextRunAt: string | null
  readonly lastRun: { readonly state: string; readonly at: string; readonly scheduleName: string } | null
  /** Of the latest look at the servers; null: nobody has looked yet, or nobody is to. */
  readonly health: HealthSummaryView | null
  /** Its live stream; null: it is not followed. */
  readonly follow: {
    readonly state: FollowState
    readonly lagMs: number | null
    /** Transactions a second, over the last minute. */
    readonly rate: number | null
    readonly lastZxid: string | null
    readonly digest: FollowView['digest']['state']
    readonly heardAt: string | null
  } | null
}

/** How the members' AdminServers are asked. Certificates are public; passwords and keys never appear. */
export interface AdminServersView {
  readonly urls: readonly string[]
  readonly authScheme: 'digest' | 'ip' | 'x509' | null
  readonly tlsCa: string
  readonly tlsCert: string
  readonly hasTlsKey: boolean
}

/** What one AdminServer answered when it was tested. */
export type AdminServerTestView = { readonly url: string } & (
  | {
      readonly ok: true
      readonly version: string | null
      readonly state: string | null
      readonly zxid: string
      readonly canSnapshot: boolean
      readonly warnings: readonly string[]
    }
  | { readonly ok: false; readonly message: string; readonly remedy: string | null }
)

export interface ServerStatusView {
  readonly server: string
  readonly mode: string | null
  readonly version: string | null
  readonly zxid: string | null
  /** What it showed on its TLS port. */
  readonly certificate: CertificateView | null
  readonly error: string | null
}

/** Something that an AdminServer tells or its certificate, and that a person should know: `digest` a tree that is not what it should be, `flaw` a known fault, `certificate` one that ends soon. */
export interface ClusterAlarmView {
  readonly server: string
  readonly kind: 'digest' | 'flaw' | 'certificate'
  readonly text: string
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
      readonly alarms: readonly ClusterAlarmView[]
    }
  | {
      readonly state: 'down'
      readonly checkedAt: string
      readonly cause: DownCause
      readonly message: string
      readonly remedy: string
      readonly servers: readonly ServerStatusView[]
      readonly alarms: readonly ClusterAlarmView[]
    }
