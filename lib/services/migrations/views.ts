import type { ErrorView } from '../error-view.ts'
import type { JobProgress } from '../jobs/views.ts'
import type { RestoreOptions } from '../restores/restore-options.ts'
import type { PlanView, RestoreState } from '../restores/views.ts'
import type { Allowance, MigrationState, WaitingFor } from './migration-rules.ts'
import type { MigrationProof } from './schemas.ts'

export type { MigrationProof } from './schemas.ts'

export interface MigrationClusterView {
  readonly id: string
  readonly name: string
  readonly environment: 'production' | 'staging' | 'development'
  readonly exists: boolean
  readonly isArmed: boolean
}

export interface MigrationRoundView {
  readonly number: number
  /** Null where nothing was to be written. */
  readonly restoreId: string | null
  readonly restoreState: RestoreState | null
  /** Steps of its plan; null while it is made. */
  readonly differences: number | null
  readonly applied: number | null
  readonly verified: boolean | null
  readonly sourceZxid: string | null
  /** Rounds that found nothing, one after the other. */
  readonly repeats: number
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly progress: JobProgress | null
}

export interface MigrationView {
  readonly id: string
  readonly source: MigrationClusterView
  readonly target: MigrationClusterView
  readonly sourcePath: string
  readonly targetPath: string
  readonly mode: 'mirror' | 'update'
  readonly options: RestoreOptions
  readonly state: MigrationState
  readonly everySeconds: number
  readonly reason: string | null
  /** The target asks for a second person: each round waits for one. */
  readonly needsApproval: boolean
  readonly waiting: WaitingFor | null
  readonly error: ErrorView | null
  /** Of the first round, until it is confirmed. */
  readonly plan: PlanView | null
  /** Newest first. */
  readonly rounds: readonly MigrationRoundView[]
  /** The final rounds and the comparison are under way. */
  readonly isFinishing: boolean
  readonly proof: MigrationProof | null
  readonly proofProgress: JobProgress | null
  readonly canConfirm: Allowance
  readonly canStop: Allowance
  readonly canGoOn: Allowance
  readonly canSwitch: Allowance
  readonly canFollow: Allowance
  readonly canFinish: Allowance
  readonly createdByName: string
  readonly createdAt: string
  readonly confirmedByName: string | null
  readonly confirmedAt: string | null
  readonly finishedAt: string | null
}

/** Who is still at the source, as far as its servers tell. */
export interface SourceClientsView {
  readonly askedAt: string
  readonly clients: readonly { readonly session: string; readonly address: string; readonly ephemerals: number }[]
  /** Ephemerals below the source path: they are never copied. */
  readonly ephemerals: readonly { readonly path: string; readonly session: string }[]
  readonly ephemeralCount: number
  /** Why a server did not tell, one clause each. */
  readonly untold: readonly string[]
}
