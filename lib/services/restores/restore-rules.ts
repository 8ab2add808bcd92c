import type { RestoreState } from './views.ts'

/** Facts that decide what may be done with a restore; one set of rules for pages and services. */
export interface RestoreFacts {
  readonly state: RestoreState
  readonly steps: number | null
  readonly isConfirmed: boolean
  readonly clusterIsArmed: boolean
  readonly clusterExists: boolean
  readonly hasSafetyBackup: boolean
  /** The safety backup was deleted from the store. */
  readonly safetyIsGone: boolean
  /** An undo that is on its way or done. */
  readonly undoneById: string | null
  /** Somebody has asked it to pause, and it has not yet. */
  readonly pauseRequested: boolean
  /** It takes another restore back. */
  readonly isUndo: boolean
  /** One edit by hand: it has no plan of its own to go on with, and its undo needs no safety backup. */
  readonly isEdit: boolean
}

export interface Allowance {
  readonly ok: boolean
  readonly reason: string | null
}

export const READ_ONLY = 'The cluster is read-only: arm it for writes first'

const YES: Allowance = { ok: true, reason: null }
const no = (reason: string): Allowance => ({ ok: false, reason })

export function canConfirm(facts: RestoreFacts): Allowance {
  if (facts.state !== 'planned')
    return no(facts.state === 'planning' ? 'The plan is being made' : 'There is no plan to confirm')
  if (facts.steps === 0) return no('Nothing differs: there is nothing to write')
  return mayWrite(facts)
}

/** Whatever was written can be taken back, however the run ended; the safety backup is what it is taken back from. */
export function canUndo(facts: RestoreFacts): Allowance {
  const ended = ['succeeded', 'incomplete', 'conflict', 'failed', 'cancelled', 'paused'].includes(facts.state)
  if (!ended) return no('Only a restore that has run can be taken back')
  if (!facts.hasSafetyBackup && !facts.isEdit) return no('Nothing was written: there is nothing to take back')
  if (facts.safetyIsGone) return no('Its safety backup was deleted')
  if (facts.undoneById !== null) return no('It is being taken back or was already')
  return facts.clusterExists ? YES : no('The cluster was removed')
}

/** Between two batches: a run that only waits has nothing on its way and pauses at once. */
export function canPause(facts: RestoreFacts): Allowance {
  if (facts.state !== 'queued' && facts.state !== 'running') return no('Only a run that is on its way can pause')
  return facts.pauseRequested ? no('It pauses before its next batch') : YES
}

/** Of a run that ended before its last step, or pauses there. */
export function canResume(facts: RestoreFacts): Allowance {
  if (facts.isEdit) return no('An edit by hand is taken back or made anew on the tree page')
  if (!['conflict', 'failed', 'cancelled', 'paused'].includes(facts.state))
    return no('Only a run that was cut short can go on')
  if (!facts.isConfirmed) return no('It was never confirmed')
  if (facts.undoneById !== null) return no('It is being taken back or was already')
  return mayWrite(facts)
}

/** Whether a second person can be asked. Arming is for the hour of the run, not for the question. */
export function canBeAsked(facts: RestoreFacts): Allowance {
  const armed = { ...facts, clusterIsArmed: true }
  return facts.isConfirmed ? canResume(armed) : canConfirm(armed)
}

export function canCancel(facts: RestoreFacts): Allowance {
  return ['planning', 'planned', 'queued', 'running', 'paused'].includes(facts.state) ? YES : no('It has ended already')
}

export function canReplan(facts: RestoreFacts): Allowance {
  if (facts.isConfirmed) return no('It has been confirmed: make a new restore')
  if (!['planned', 'plan-failed'].includes(facts.state)) return no('There is no plan to make again')
  return facts.clusterExists ? YES : no('The cluster was removed')
}

/** Of a run, however it ended: the same question to the tree as it is now. */
export function canPlanAnew(facts: RestoreFacts): Allowance {
  if (facts.isEdit) return no('An edit by hand is taken back or made anew on the tree page')
  if (!['conflict', 'failed', 'cancelled', 'incomplete', 'succeeded'].includes(facts.state))
    return no('Only a restore that has run can be planned anew')
  return facts.clusterExists ? YES : no('The cluster was removed')
}

/** Of a plan that waits, or of a run that left steps undone: the stale ones against the live tree of now, the others as they are. */
export function canReplanStale(facts: RestoreFacts): Allowance {
  if (facts.isEdit) return no('An edit by hand is taken back or made anew on the tree page')
  const isOpen = facts.state === 'planned' && !facts.isConfirmed
  if (!isOpen && !['conflict', 'failed', 'cancelled', 'incomplete'].includes(facts.state))
    return no('Only a plan that waits, or the rest of a run, can be planned against the cluster as it is now')
  if (!isOpen && !facts.isConfirmed) return no('It was never confirmed')
  if (facts.undoneById !== null) return no('It is being taken back or was already')
  return facts.clusterExists ? YES : no('The cluster was removed')
}

function mayWrite(facts: RestoreFacts): Allowance {
  if (!facts.clusterExists) return no('The cluster was removed')
  return facts.clusterIsArmed ? YES : no(READ_ONLY)
}
