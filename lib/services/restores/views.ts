import type { ChangeField } from '../../domain/diff/change.ts'
import type { PlanFidelity } from '../../domain/restore/fidelity.ts'
import type { ConflictPolicy, PlanWarning, RestoreMode } from '../../domain/restore/plan.ts'
import type { StepResultKind } from '../../domain/restore/step-results.ts'
import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { ApprovalView } from '../approvals/views.ts'
import type { UndoKeyView } from '../encryption/views.ts'
import type { RunFidelity } from '../engine/fidelity-schema.ts'
import type { ErrorView } from '../error-view.ts'
import type { JobProgress } from '../jobs/views.ts'
import type { RestoreOptions } from './restore-options.ts'

export const RESTORE_STATES = [
  'planning',
  'planned',
  'plan-failed',
  'queued',
  'running',
  'paused',
  'conflict',
  'succeeded',
  'incomplete',
  'failed',
  'cancelled',
] as const
export type RestoreState = (typeof RESTORE_STATES)[number]

export interface PlanView {
  readonly hash: string
  readonly creates: number
  readonly updates: number
  readonly deletes: number
  readonly aclChanges: number
  readonly steps: number
  readonly dataBytes: number
  readonly skipped: Readonly<Record<string, number>>
  /** What the ignore rules of the diff kept out of it, by rule. */
  readonly leftOut: readonly {
    readonly pattern: string
    readonly fields: readonly ChangeField[]
    readonly note: string
    readonly changes: number
  }[]
  readonly warnings: readonly PlanWarning[]
  readonly plannedAtZxid: string
  readonly plannedAt: string
  /** What it carries and what it does not; null for plans of before it was told. */
  readonly fidelity: PlanFidelity | null
  /** Of an undo: places that others have written since, and whether they are taken back all the same. */
  readonly laterWrites: { readonly count: number; readonly overwritten: boolean } | null
  /** Deletions by the topmost znode that they lie at or below, most first. */
  readonly deletions: readonly { readonly path: string; readonly count: number }[]
  /** Where the backup was read that it was made from; null where it was none, or none was read. */
  readonly readFrom: ReadFrom | null
}

export interface StalenessView {
  readonly message: string
  /** Stale steps among those that were looked at. */
  readonly count: number
  readonly lookedAt: number
  readonly steps: number
}

export interface RestoreReportView {
  readonly applied: number
  readonly alreadyDone: number
  readonly skipped: number
  readonly conflicts: readonly { readonly path: string; readonly reason: string }[]
  /** Null before verification; true only when nothing that was to be written differs. */
  readonly verified: boolean | null
  readonly differences: readonly { readonly path: string; readonly change: string }[]
  readonly durationMs: number
  /** What was read back of ACLs and counters; null where the run did not come to its end. */
  readonly fidelity: RunFidelity | null
}

export interface RestoreView {
  readonly id: string
  readonly clusterId: string
  /** Where the source is of, when that is another cluster. */
  readonly otherClusterId: string | null
  readonly clusterName: string
  readonly clusterEnvironment: 'production' | 'staging' | 'development'
  readonly clusterIsArmed: boolean
  readonly state: RestoreState
  readonly mode: RestoreMode
  readonly onConflict: ConflictPolicy
  readonly options: RestoreOptions
  readonly source: string
  readonly sourceLabel: string
  readonly scopeLabel: string
  readonly plan: PlanView | null
  /** The live tree moved since the plan was made, as far as a cheap check can tell; the guards decide in the end. */
  readonly stale: StalenessView | null
  readonly reason: string | null
  readonly jobId: string | null
  readonly progress: JobProgress | null
  readonly report: RestoreReportView | null
  readonly error: ErrorView | null
  readonly safetyBackupId: string | null
  readonly undoOfId: string | null
  /** One edit by hand, kept so that it can be taken back. */
  readonly isEdit: boolean
  readonly undoneById: string | null
  /** Null where the cluster asks for no second person. */
  readonly approval: ApprovalView | null
  /** Disabled with a reason, never hidden. */
  readonly canConfirm: { readonly ok: boolean; readonly reason: string | null }
  readonly canUndo: { readonly ok: boolean; readonly reason: string | null }
  readonly canResume: { readonly ok: boolean; readonly reason: string | null }
  /** It pauses before its next batch. */
  readonly pauseRequested: boolean
  /** What the undo of an encrypted safety backup will need; null or absent: nothing. Only before it is confirmed. */
  readonly undoKey?: UndoKeyView | null
  /** Since when it is paused. */
  readonly pausedAt: string | null
  readonly canPause: { readonly ok: boolean; readonly reason: string | null }
  readonly canCancel: { readonly ok: boolean; readonly reason: string | null }
  readonly canPlanAnew: { readonly ok: boolean; readonly reason: string | null }
  /** The stale steps alone are planned against the live tree of now; what is applied stays. */
  readonly canReplanStale: { readonly ok: boolean; readonly reason: string | null }
  readonly createdByName: string
  readonly createdAt: string
  readonly finishedAt: string | null
}

export interface PlanStepView {
  readonly index: number
  readonly step: 'create' | 'setData' | 'setAcl' | 'delete' | 'advanceCounter'
  readonly path: string
  readonly bytes: number | null
  readonly expect: string
}

/** A step with what became of it. */
export interface StepResultView {
  readonly index: number
  readonly step: PlanStepView['step']
  readonly path: string
  readonly result: StepResultKind
  readonly zxid: string | null
  /** A ConflictReason. */
  readonly reason: string | null
}

/** A step that no longer fits the live tree. */
export interface StaleLineView {
  readonly index: number
  readonly step: PlanStepView['step']
  readonly path: string
  /** A ConflictReason: what a run would say. */
  readonly reason: string
  readonly expected: string
  readonly found: string
}

/** A place that an undo would take back and that somebody else has written since. */
export interface LaterWriteView {
  readonly path: string
  readonly what: 'data' | 'acl' | 'deleted' | 'created' | 'children'
  readonly expected: string
  readonly found: string
}
