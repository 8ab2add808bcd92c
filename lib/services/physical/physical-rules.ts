import type { Allowance, MemberStand, PhysicalState, PhysicalWay } from './views.ts'

/** Facts that decide what may be done; one set of rules for pages and services. */
export interface PhysicalRuleFacts {
  readonly way: PhysicalWay
  readonly state: PhysicalState
  readonly hasPlan: boolean
  readonly blockers: number
  readonly isConfirmed: boolean
  readonly clusterExists: boolean
  readonly clusterIsArmed: boolean
  readonly stands: readonly MemberStand[]
}

export const READ_ONLY = 'The cluster is read-only: arm it for writes first'

const YES: Allowance = { ok: true, reason: null }
const no = (reason: string): Allowance => ({ ok: false, reason })

export function canConfirm(facts: PhysicalRuleFacts): Allowance {
  if (facts.way === 'runbook') return no('People follow the runbook: there is nothing to confirm')
  if (facts.state !== 'checked')
    return no(facts.state === 'checking' ? 'It is being checked' : 'There is nothing to confirm')
  if (facts.blockers > 0) return no('Something stands in the way: see what was found')
  return mayWrite(facts)
}

/** Of a run that was cut short, wherever it stands. */
export function canResume(facts: PhysicalRuleFacts): Allowance {
  if (facts.way === 'runbook' || !facts.isConfirmed) return no('It has not run')
  if (!['failed', 'cancelled'].includes(facts.state)) return no('Only a run that was cut short can go on')
  return mayWrite(facts)
}

export function canUndo(facts: PhysicalRuleFacts): Allowance {
  if (facts.way === 'admin') return no('No file was moved: the old state is in older snapshots and logs of each server')
  if (facts.way !== 'worker') return no('People put the files back along the runbook')
  if (!['succeeded', 'incomplete', 'failed', 'cancelled', 'undo-failed'].includes(facts.state)) {
    return no(facts.state === 'undone' ? 'The old files are back' : 'Only a run that has ended can be taken back')
  }
  if (facts.stands.every((stand) => stand === 'untouched')) return no('No file was moved')
  return mayWrite(facts)
}

/** Whether a second person can be asked for a run, or for the way back. Arming is for the hour of the run, not for the question. */
export function canBeAsked(facts: PhysicalRuleFacts, purpose?: 'run' | 'undo'): Allowance {
  const armed = { ...facts, clusterIsArmed: true }
  const run = facts.isConfirmed ? canResume(armed) : canConfirm(armed)
  const undo = canUndo(armed)
  if (purpose !== undefined) return purpose === 'run' ? run : undo
  return facts.isConfirmed && undo.ok ? undo : run
}

export function canVerify(facts: PhysicalRuleFacts): Allowance {
  if (!facts.hasPlan || facts.blockers > 0) return no('There is nothing to compare with')
  if (['checking', 'queued', 'running', 'undoing'].includes(facts.state)) return no('It is at work')
  if (facts.way !== 'runbook' && !['succeeded', 'incomplete'].includes(facts.state))
    return no('It has not run to its end')
  return facts.clusterExists ? YES : no('The cluster was removed')
}

function mayWrite(facts: PhysicalRuleFacts): Allowance {
  if (!facts.clusterExists) return no('The cluster was removed')
  return facts.clusterIsArmed ? YES : no(READ_ONLY)
}
