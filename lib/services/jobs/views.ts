import type { ErrorView } from '../error-view.ts'

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
export type JobKind =
  | 'backup'
  | 'import'
  | 'verify'
  | 'copy'
  | 'rescan'
  | 'reencrypt'
  | 'drill'
  | 'remove-backups'
  | 'diff'
  | 'search'
  | 'prepare-moment'
  | 'plan-restore'
  | 'run-restore'
  | 'migrate-proof'
  | 'physical-restore'

export interface JobProgress {
  /** Present tense, for people: `Reading znodes`, `Reading the archive back`, `Writing`, `Verifying`. */
  readonly stage: string
  readonly done: number
  /** Null when no former run or count gives one. */
  readonly total: number | null
  readonly bytes: number
  readonly ratePerSecond: number
  readonly etaMs: number | null
}

export interface JobView {
  readonly id: string
  readonly kind: JobKind
  readonly title: string
  readonly state: JobState
  readonly progress: JobProgress | null
  readonly error: ErrorView | null
  readonly cancelRequested: boolean
  readonly actorName: string
  readonly attempts: number
  readonly clusterId: string | null
  readonly clusterName: string | null
  /** Backup, diff, search or restore that the job makes or works on. */
  readonly subjectId: string | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

export interface JobLogLineView {
  readonly at: string
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}
