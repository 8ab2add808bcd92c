import type { BackupSource } from '../backups/list-backup-sources.ts'
import type { SourceFault } from '../backups/source-faults.ts'
import type { ErrorView } from '../error-view.ts'

export type ScheduleRunKind = 'due' | 'make-up' | 'by-hand'
export type ScheduleRunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'missed'

/** What became of one time. Times are ISO strings. */
export interface ScheduleRunView {
  readonly id: string
  readonly scheduleId: string
  readonly scheduleName: string
  readonly clusterId: string
  readonly dueAt: string
  readonly kind: ScheduleRunKind
  readonly state: ScheduleRunState
  readonly reason: string | null
  /** Times that nobody served: this run makes them up, or tells that nothing did. */
  readonly missed: { readonly count: number; readonly from: string; readonly to: string } | null
  readonly jobId: string | null
  /** Null also where the backup is deleted by now. */
  readonly backupId: string | null
  readonly source: string | null
  readonly sourceFaults: readonly SourceFault[]
  readonly error: ErrorView | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly durationMs: number | null
}

export interface ScheduleView {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly name: string
  readonly cron: string
  /** The cron in words, without the zone. */
  readonly words: string
  readonly timeZone: string
  readonly scopePaths: readonly string[]
  readonly sources: readonly BackupSource[]
  readonly jitterMinutes: number
  readonly overlap: 'wait' | 'skip'
  readonly enabled: boolean
  /** In the future, or null. */
  readonly pausedUntil: string | null
  readonly note: string
  /** When the next ones begin, jitter and pause included; none while it is off. */
  readonly nextRuns: readonly string[]
  /** The longest distance between two runs within a year, and when it begins; null where there is no second one. */
  readonly longestGap: { readonly ms: number; readonly from: string } | null
  readonly warnings: readonly string[]
  readonly lastRun: ScheduleRunView | null
  /** Its backups that are there. */
  readonly backups: number
}

/** What a cluster can lose at worst, by its schedules and its log. */
export interface ClusterRpoView {
  /** Of the schedules that are on and take the whole tree; null: there is none. */
  readonly scheduleGapMs: number | null
  /** How long the last backups took at most: what is written meanwhile may not be in them. */
  readonly backupMs: number | null
  readonly worstMs: number | null
  /** There is a good backup, or a base of the stream: without one the log has nothing to begin from. */
  readonly hasBase: boolean
  /** Null: the transaction log is not kept. */
  readonly log: {
    readonly everySeconds: number
    readonly lastOkAt: string | null
    readonly isFailing: boolean
    /** Behind the live cluster when its servers were looked at last; null where they were not. */
    readonly lag: {
      /** zxids in hex; null: nothing is archived yet. */
      readonly archived: string | null
      readonly live: string
      /** When the servers were looked at. */
      readonly at: string
      readonly transactions: number | null
    } | null
  } | null
}

/** All that is done for a cluster's backups by the clock. */
export interface ProtectionView {
  readonly clusterId: string
  readonly clusterName: string
  readonly environment: 'production' | 'staging' | 'development'
  /** That are on. */
  readonly schedules: number
  readonly nextRunAt: string | null
  readonly lastRun: ScheduleRunView | null
  readonly lastGoodAt: string | null
  readonly rpo: ClusterRpoView
  /** Keep rules in words; null: everything stays. */
  readonly keeps: string | null
  /** Keep rules stopped by themselves, or failed. */
  readonly isKeepStopped: boolean
  /** Within so many days each archive is read again; null: off. */
  readonly rereadDays: number | null
  /** Null: no drills by the clock. */
  readonly drillHours: number | null
}
