import type { Acl } from '../znode/acl.ts'
import type { PlanFidelity } from './fidelity.ts'

/** create: only adds. update (default): adds and changes. mirror: also deletes what the source does not have. */
export type RestoreMode = 'create' | 'update' | 'mirror'
/** What a conflict does: stop the run, skip that step, or overwrite the live state that was found instead. */
export type ConflictPolicy = 'stop' | 'skip' | 'overwrite'

/** The live state that a step was planned against. czxid tells a re-created znode from the old one: version restarts at 0. */
export type LiveExpectation =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly czxid: bigint; readonly version: number; readonly aversion: number }

interface StepBase {
  /** 0-based position in the plan; the journal refers to it. */
  readonly index: number
  readonly path: string
}

/** Self-contained: a step holds all that it writes, so that a resume needs neither the source nor the diff. */
export type PlanStep =
  | (StepBase & {
      readonly step: 'create'
      readonly data: Uint8Array | null
      readonly acl: Acl
      readonly kind: 'persistent' | 'container' | 'ttl'
      readonly ttlMs: number | null
      readonly expect: { readonly kind: 'absent' }
    })
  | (StepBase & {
      readonly step: 'setData'
      readonly data: Uint8Array | null
      readonly expect: Extract<LiveExpectation, { kind: 'present' }>
    })
  /** Own request, never part of a multi (ZooKeeper has no setACL there). Guarded by aversion, and by czxid read before and after. */
  | (StepBase & { readonly step: 'setAcl'; readonly acl: Acl; readonly expect: LiveExpectation })
  | (StepBase & { readonly step: 'delete'; readonly expect: Extract<LiveExpectation, { kind: 'present' }> })
  /**
   * Children are made and removed again until the sequence counter of this parent is `to`: it only ever goes forward, so whoever finds it
   * there or beyond has nothing to do. `from` is what the plan expects, the live counter decides. Of `expect` only the czxid counts.
   */
  | (StepBase & {
      readonly step: 'advanceCounter'
      readonly from: number
      readonly to: number
      readonly expect: LiveExpectation
    })

export interface PlanWarning {
  /** `acl-lockout`, `acl-masked`, `acl-unknown`, `kind-unknown`, `kind-differs`, `ephemeral-parent`, `counter-back`, `too-large`, `unreadable`, `session-owned`, `watched`, `application-…` (guards) … */
  readonly code: string
  readonly path: string
  readonly message: string
  /** Absent: `warning`. What is `danger` is ticked off by whoever confirms the plan; `note` is only worth knowing. */
  readonly severity?: 'danger' | 'warning' | 'note'
  /** What to do about it, one or two sentences. */
  readonly advice?: string
}

/** Facts of a plan; the field names of the first block are the contract of the command line. */
export interface PlanSummary {
  /** `sha256:` + hex over the header and every step in order. Approvals and confirmations bind to it. */
  readonly plan: string
  readonly mode: RestoreMode
  readonly creates: number
  readonly updates: number
  readonly deletes: number
  readonly aclChanges: number
  readonly skipped: { readonly ephemeral: number; readonly system: number; readonly [reason: string]: number }
  readonly warnings: readonly PlanWarning[]

  readonly onConflict: ConflictPolicy
  readonly steps: number
  readonly dataBytes: number
  /** Where it comes from and goes to, in words: `backup 20261123T…-1a`, `demo`. */
  readonly source: string
  readonly target: string
  /** Subtree of the source and where it is put in the target; equal unless mapped. */
  readonly sourcePath: string
  readonly targetPath: string
  /** Highest zxid seen on the target while planning. */
  readonly plannedAtZxid: bigint
  readonly plannedAtMs: number
  /**
   * Random characters that the hash begins with: whoever sees the hash and knows all but a value cannot try out what it is. Stored with the
   * steps and shown to nobody; absent where the steps are no secret from whoever sees the hash, as on the command line.
   */
  readonly salt?: string
  /** Null in plans of before it was told. */
  readonly fidelity: PlanFidelity | null
  /** Of an undo: places that others have written since, and whether they are taken back all the same. */
  readonly laterWrites?: { readonly count: number; readonly overwritten: boolean }
  /** Deletions by the topmost znode below `targetPath` that they lie at or below; the first thousand of those. */
  readonly deletions?: readonly { readonly path: string; readonly count: number }[]
}
