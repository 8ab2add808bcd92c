import type { ErrorView } from '../error-view.ts'
import type { KeepRunReport } from './apply-keep-rules.ts'
import type { KeepRules } from './schemas.ts'

/** What holds for one backup by the rules. */
export interface KeepLineView {
  readonly backupId: string
  readonly takenAt: string
  readonly scope: string
  readonly bytes: number
  readonly soundness: 'good' | 'partial' | 'damaged'
  readonly kind: 'usual' | 'safety' | 'import'
  readonly stays: boolean
  /** In words. */
  readonly reasons: readonly string[]
  /** It waits for its removal already. */
  readonly removeAfter: string | null
}

export interface KeepPreviewView {
  /** Newest first. */
  readonly lines: readonly KeepLineView[]
  readonly stays: number
  readonly goes: number
  readonly bytesFreed: number
  readonly good: number
  readonly goodGoing: number
  /** More than half of the good ones would go at once: it must be confirmed by typing the cluster's name. */
  readonly isMass: boolean
  /** Nothing is kept by these rules, so that they cannot be saved. */
  readonly isEmpty: boolean
}

/** A backup that waits for its removal. */
export interface MarkedBackupView {
  readonly backupId: string
  readonly takenAt: string
  readonly bytes: number
  readonly removeAfter: string
  readonly reason: string
}

/** A removal that has begun and is not known to be done everywhere. */
export interface UnfinishedRemovalView {
  readonly backupId: string
  readonly takenAt: string
  readonly since: string
  readonly error: string | null
}

export interface KeepRulesView {
  readonly clusterId: string
  readonly clusterName: string
  /** Whose rules hold here; `none`: everything stays. */
  readonly of: 'cluster' | 'default' | 'none'
  readonly enabled: boolean
  /** Those that hold; the suggested ones where there are none. */
  readonly rules: KeepRules
  /** In words. */
  readonly words: string
  readonly revision: number | null
  readonly nextRunAt: string | null
  readonly lastRunAt: string | null
  readonly lastReport: KeepRunReport | null
  /** Why the last run failed. */
  readonly lastError: ErrorView | null
  readonly marked: readonly MarkedBackupView[]
  readonly unfinished: readonly UnfinishedRemovalView[]
}

export interface HoldView {
  readonly id: string
  readonly reason: string
  readonly placedByName: string
  readonly placedAt: string
  readonly until: string | null
  /** It is neither lifted nor over. */
  readonly stands: boolean
  readonly liftedAt: string | null
  readonly liftedByName: string | null
  readonly liftReason: string | null
}
