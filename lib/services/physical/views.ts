import type { ApprovalView } from '../approvals/views.ts'
import type { BackupPlace } from '../backups/views.ts'
import type { ErrorView } from '../error-view.ts'
import type { JobProgress } from '../jobs/views.ts'

/** Who replaces the files: the worker on members that it reaches, people along a runbook, or AdminServers (3.9+) in memory. */
export type PhysicalWay = 'worker' | 'runbook' | 'admin'

export type PhysicalState =
  | 'checking'
  | 'checked'
  | 'check-failed'
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'incomplete'
  | 'failed'
  | 'cancelled'
  | 'undoing'
  | 'undone'
  | 'undo-failed'

export type FindingLevel = 'blocker' | 'warning' | 'ok'

/** One thing that was looked at before anything is stopped. */
export interface Finding {
  readonly code: string
  readonly level: FindingLevel
  /** Null: of the whole cluster. */
  readonly server: string | null
  readonly message: string
  /** What to do about it; null where there is nothing to do. */
  readonly remedy: string | null
  /** To be typed by who goes on nevertheless. */
  readonly phrase: string | null
}

export interface PlannedServer {
  readonly name: string
  readonly client: string | null
  readonly dataDir: string
  readonly dataLogDir: string
  /** As `chown` takes it; null leaves the owner. */
  readonly owner: string | null
  /** For people, with their words quoted for a shell. */
  readonly stop: string
  readonly start: string
  readonly isMember: boolean
  readonly adminUrl: string | null
  readonly version: string | null
  readonly mode: string | null
  readonly lastZxid: string | null
  readonly currentEpoch: number | null
}

export interface PhysicalPlan {
  readonly kind: 'standalone' | 'ensemble'
  readonly way: PhysicalWay
  /** What the backup holds. */
  readonly archiveZxid: string
  /** Highest that a server or its files have told; null when none was reached. */
  readonly lastSeenZxid: string | null
  /** The zxid in the name, which is what the servers will believe. */
  readonly fileZxid: string
  readonly fileName: string
  readonly bytes: number
  readonly sha256: string
  readonly znodes: number
  /** Name of the folder beside each `version-2` that the old files are moved into. */
  readonly asideFolder: string
  readonly servers: readonly PlannedServer[]
  readonly findings: readonly Finding[]
}

/** Where the files of one server stand. */
export type MemberStand = 'untouched' | 'moving' | 'aside' | 'placed' | 'going-back' | 'back'

export interface MemberStandView {
  readonly name: string
  readonly stand: MemberStand
  /** By the journal; null before it was asked. */
  readonly isServing: boolean | null
}

export interface PhysicalDifference {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  /** The server that shows it. */
  readonly server: string
}

export interface PhysicalReport {
  readonly compared: number
  readonly differences: readonly PhysicalDifference[]
  readonly differenceCount: number
  /** Not counted as differences: written by clients since the servers are back, and containers and TTL znodes that have gone by themselves. */
  readonly writtenSince: number
  readonly expired: number
  readonly servers: readonly string[]
  readonly durationMs: number
}

export interface RunbookStep {
  /** Stable: the tick is stored under it. */
  readonly key: string
  /** Null: once for all. */
  readonly server: string | null
  readonly title: string
  readonly why: string
  readonly commands: readonly string[]
}

export interface TickView {
  readonly step: string
  readonly at: string
  readonly actorName: string
}

export interface PhysicalView {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly clusterEnvironment: 'production' | 'staging' | 'development'
  readonly clusterIsArmed: boolean
  readonly backupId: string
  readonly sourceLabel: string
  readonly way: PhysicalWay
  readonly state: PhysicalState
  readonly plan: PhysicalPlan | null
  readonly planHash: string | null
  readonly reason: string | null
  readonly error: ErrorView | null
  readonly progress: JobProgress | null
  readonly report: PhysicalReport | null
  readonly members: readonly MemberStandView[]
  readonly runbook: readonly RunbookStep[]
  readonly undoCommands: readonly string[]
  readonly ticks: readonly TickView[]
  /** Null where the cluster asks for no second person. */
  readonly approval: ApprovalView | null
  readonly canConfirm: Allowance
  readonly canResume: Allowance
  readonly canUndo: Allowance
  readonly canVerify: Allowance
  readonly createdByName: string
  readonly createdAt: string
  readonly finishedAt: string | null
  readonly jobId: string | null
}

export interface Allowance {
  readonly ok: boolean
  readonly reason: string | null
}

/** What the first page offers. */
export interface PhysicalDefaults {
  readonly backupId: string
  readonly backupLabel: string
  readonly clusterId: string
  readonly clusterName: string
  readonly members: readonly { readonly name: string; readonly hasCommands: boolean }[]
  /** Why the file of members cannot be used; null when it can. */
  readonly membersFault: string | null
  /** Servers of the connect string. */
  readonly servers: readonly string[]
  readonly adminServers: number
  /** Stores that hold the backup. */
  readonly places: readonly BackupPlace[]
}
