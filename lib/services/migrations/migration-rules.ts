/** What decides what happens to a migration next; one set of rules for pages, services and the worker. */
export const MIGRATION_STATES = [
  'checking',
  'checked',
  'copying',
  'following',
  'switching',
  'done',
  'stopped',
  'failed',
] as const
export type MigrationState = (typeof MIGRATION_STATES)[number]

export type WaitingFor = 'read-only' | 'approval' | 'paused'

/** While in one of these, no other migration may write into its target, and none may make its source a target. */
export const OPEN_STATES: readonly MigrationState[] = ['checking', 'checked', 'copying', 'following', 'switching']

/** Rounds that cannot be planned, one after the other: a cluster that is away for a while must not end hours of following. */
export const FAILURES_MAX = 10
/** Rounds towards the final comparison that one press of the button makes. */
export const FINAL_ROUNDS_MAX = 5

export interface Allowance {
  readonly ok: boolean
  readonly reason: string | null
}

export interface MigrationFacts {
  readonly state: MigrationState
  readonly isConfirmed: boolean
  readonly targetIsArmed: boolean
  readonly clustersExist: boolean
  /** The final rounds and the comparison are under way. */
  readonly isFinishing: boolean
  /** Of the first round. */
  readonly hasPlan: boolean
}

const YES: Allowance = { ok: true, reason: null }
const no = (reason: string): Allowance => ({ ok: false, reason })

export function toMigrationState(text: string): MigrationState {
  return MIGRATION_STATES.find((state) => state === text) ?? 'failed'
}

export function isOpen(state: MigrationState): boolean {
  return OPEN_STATES.includes(state)
}

export function canConfirm(facts: MigrationFacts): Allowance {
  if (facts.state === 'checking') return no('The check is under way')
  if (facts.state !== 'checked' || !facts.hasPlan) return no('There is nothing to confirm')
  if (!facts.clustersExist) return no('One of the clusters was removed')
  return facts.targetIsArmed ? YES : no('The target is read-only: arm it for writes first')
}

export function canStop(facts: MigrationFacts): Allowance {
  return isOpen(facts.state) ? YES : no('It has ended already')
}

/** After a conflict, a failure or a stop: with a plan against the clusters as they are now. */
export function canGoOn(facts: MigrationFacts): Allowance {
  if (facts.state !== 'failed' && facts.state !== 'stopped') return no('Only what has stopped can go on')
  return facts.clustersExist ? YES : no('One of the clusters was removed')
}

export function canSwitch(facts: MigrationFacts): Allowance {
  return facts.state === 'following' ? YES : no('First the target must have followed the source')
}

/** Back from the switch-over. */
export function canFollow(facts: MigrationFacts): Allowance {
  if (facts.state !== 'switching') return no('It is not being switched over')
  return facts.isFinishing ? no('The final round is under way') : YES
}

export function canFinish(facts: MigrationFacts): Allowance {
  if (facts.state !== 'switching') return no('It is not being switched over')
  return facts.isFinishing ? no('The final round is under way') : YES
}

export interface RoundFacts {
  /** Of the restore that the round is; null once nothing was to be written. */
  readonly restoreState: string | null
  readonly steps: number | null
  readonly isFinished: boolean
  readonly differences: number | null
}

/** What the worker does with a migration now. */
export type NextAct =
  | 'start-round'
  | 'wait'
  | 'rest'
  | 'await-person'
  | 'close-empty'
  | 'confirm'
  | 'close-written'
  | 'retry-plan'
  | 'fail-round'
  | 'compare'
  | 'give-up-finishing'

export function nextActOf(
  migration: { readonly state: MigrationState; readonly finalRounds: number | null; readonly isComparing: boolean },
  round: RoundFacts | null,
): NextAct {
  const { state, finalRounds } = migration
  if (!isOpen(state)) return 'rest'
  if (round === null || round.isFinished) {
    if (state === 'checked') return 'await-person'
    if (state !== 'switching') return 'start-round'
    if (finalRounds === null) return 'await-person'
    if (migration.isComparing) return 'wait'
    // A round of before the button was pressed proves nothing: the first final one is always made.
    if (finalRounds < FINAL_ROUNDS_MAX && round?.differences === 0) return 'compare'
    return finalRounds > 0 ? 'start-round' : 'give-up-finishing'
  }
  switch (round.restoreState) {
    case 'planning':
    case 'queued':
    case 'running':
      return 'wait'
    case 'planned':
      if (state === 'checking' || state === 'checked') return 'await-person'
      return round.steps === 0 ? 'close-empty' : 'confirm'
    case 'paused':
      return 'wait'
    case 'plan-failed':
      return 'retry-plan'
    case 'succeeded':
      return 'close-written'
    default:
      return 'fail-round'
  }
}
