import type { PurgeFate } from '../../domain/retention/autopurge.ts'
import type { BackupKind, WorstLoss } from '../../domain/retention/backup-interval.ts'
import type { DiskGrowth } from '../../domain/retention/disk-growth.ts'
import type { ServerSettings } from '../../domain/retention/server-settings.ts'
import type { Spread, WriteRate } from '../../domain/retention/snapshot-trigger.ts'
import type { ErrorView } from '../error-view.ts'
import type { FileSystemSpace } from './read-member-files.ts'

/** Times are ISO strings, zxids hex strings, spans milliseconds. What is not known is null. */
export interface RetentionView {
  readonly readAt: string
  readonly members: readonly MemberRetentionView[]
  /** The configuration file that names the members cannot be used; AdminServers are asked all the same. */
  readonly membersFault: ErrorView | null
  readonly advisor: AdvisorView
}

export interface MemberRetentionView {
  readonly name: string
  readonly admin: AdminRetentionView | null
  /** `none`: known by its AdminServer alone, which tells sizes only. */
  readonly directory:
    | { readonly kind: 'none' }
    | { readonly kind: 'fault'; readonly fault: ErrorView }
    | ({ readonly kind: 'read' } & DirectoryView)
  readonly settings: ServerSettings
  readonly trigger: TriggerView
}

export type AdminRetentionView = { readonly url: string } & (
  | {
      readonly ok: true
      readonly version: string | null
      readonly state: string | null
      readonly zxid: string
      readonly warnings: readonly string[]
      /** Since that server started. */
      readonly digestMismatches: number | null
      readonly lastSnapshot: { readonly zxid: string; readonly at: string } | null
      readonly snapshotDirBytes: number | null
      readonly logDirBytes: number | null
      /** Both numbers are of the same directory: they must not be added. */
      readonly isOneDirectory: boolean | null
    }
  | { readonly ok: false; readonly fault: ErrorView }
)

export interface DirectoryView {
  readonly snapshotDir: string
  readonly logDir: string
  readonly snapshots: FileListView<SnapshotFileView>
  readonly logs: FileListView<LogFileView>
  readonly misplaced: readonly string[]
  readonly parked: readonly string[]
  readonly space: FileSystemSpace
  readonly logSpace: FileSystemSpace | null
  readonly oldestKept: string | null
  readonly growth: DiskGrowth | null
}

export interface FileListView<File> {
  /** Newest first; the oldest may be left out. */
  readonly shown: readonly File[]
  readonly count: number
  readonly diskBytes: number
  readonly purgedCount: number
  readonly purgedDiskBytes: number
}

export interface FileView {
  readonly name: string
  readonly fate: PurgeFate
  readonly zxid: string | null
  readonly modifiedAt: string
  readonly sizeBytes: number
  readonly diskBytes: number
  readonly isParked: boolean
}

export interface SnapshotFileView extends FileView {
  readonly isValid: boolean
}

export interface LogFileView extends FileView {
  /** Last zxid that was read in it; where it was not read, the one before the next log begins. Null: not known. */
  readonly lastZxid: string | null
  readonly measured: {
    readonly txns: number
    readonly bytes: number
    readonly firstAt: string
    readonly lastAt: string
    readonly isWhole: boolean
  } | null
  readonly fault: string | null
}

export interface TriggerView {
  readonly txns: Spread
  readonly bytes: Spread | null
  readonly isSizeLimitBelowPadding: boolean
  readonly sinceRoll: { readonly txns: number; readonly bytes: number; readonly isWhole: boolean } | null
  /** From the last transaction on, at the measured rate; null where no rate is known or nothing is written. */
  readonly nextMs: Spread | null
  readonly betweenMs: Spread | null
}

export interface RateView {
  readonly member: string
  readonly logs: number
  readonly isPartial: boolean
  readonly txns: number
  readonly changes: number
  readonly bytes: number
  readonly firstAt: string
  readonly lastAt: string
  readonly mean: WriteRate | null
  readonly busiestMinute: { readonly at: string; readonly txns: number; readonly bytes: number }
}

export interface AdvisorView {
  readonly everyMinutes: number
  /** Null: no log could be read, so nothing is known about the writing. */
  readonly rate: RateView | null
  readonly seed: { readonly intervalMs: number; readonly logBytes: number; readonly basis: 'logs' | 'expected' } | null
  readonly trigger: TriggerView | null
  readonly losses: readonly LossView[]
  /** The longest interval at which copies of the files overlap; null where autopurge is off, or the rate not known. */
  readonly gapless: { readonly intervalMs: number; readonly retainCount: number } | null
}

export interface LossView {
  readonly kind: BackupKind
  /** Of the last good backup of this kind; null where there is none, and it counts as nothing. */
  readonly backupMs: number | null
  readonly mean: WorstLoss
  /** When the disaster falls into the busiest time: at the rate of the busiest minute. */
  readonly busiest: WorstLoss
}
