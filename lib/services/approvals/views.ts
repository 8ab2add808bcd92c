import type { Allowance } from '../restores/restore-rules.ts'

export type ApprovalKind = 'restore' | 'physical'
export type ApprovalPurpose = 'run' | 'undo'

/** `none`: nobody has asked yet. `void` and `expired` were something once and are no longer. */
export type ApprovalState = 'none' | 'waiting' | 'approved' | 'rejected' | 'void' | 'expired'

/** One question to a second person, and what became of it. */
export interface ApprovalEventView {
  readonly id: string
  readonly state: Exclude<ApprovalState, 'none'>
  readonly purpose: ApprovalPurpose
  readonly requestedByName: string
  readonly requestedAt: string
  readonly reason: string
  readonly decidedByName: string | null
  readonly decidedAt: string | null
  readonly note: string
  readonly expiresAt: string | null
  /** Why it does not stand any more. */
  readonly endedBecause: string | null
}

/** How the approval of a restore stands, on a cluster that asks for one. */
export interface ApprovalView {
  readonly state: ApprovalState
  /** How long one holds. */
  readonly minutes: number
  /** The latest question; null when there was none. */
  readonly latest: ApprovalEventView | null
  /** Those before it, newest first. */
  readonly earlier: readonly ApprovalEventView[]
  /** Disabled with a reason, never hidden. */
  readonly canRequest: Allowance
  readonly canDecide: Allowance
  /** Whether the person who looks may start a run under it. */
  readonly canRun: Allowance
  readonly canUndo: Allowance
}

/** What waits for a second person, for the overview. */
export interface WaitingApprovalView {
  readonly id: string
  readonly subjectKind: ApprovalKind
  readonly subjectId: string
  readonly clusterName: string
  readonly label: string
  readonly requestedByName: string
  readonly requestedAt: string
  /** The person who looks may answer it. */
  readonly isMine: boolean
}
