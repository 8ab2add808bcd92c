import type { Actor, Role } from '../context.ts'
import { type ClusterAction, isRoleEnough, roleAt } from '../policy.ts'
import type { Allowance } from '../restores/restore-rules.ts'
import type { ApprovalKind, ApprovalPurpose, ApprovalState } from './views.ts'

/** Somebody as they are now, not as they were when they asked or answered. */
export interface Person extends Pick<Actor, 'role' | 'clusterRoles'> {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
}

export interface ApprovalFacts {
  readonly state: ApprovalState
  readonly planHash: string
  readonly purpose: ApprovalPurpose
  /** Null: not a user any more. */
  readonly requester: Person | null
  readonly decider: Person | null
  readonly expiresAtMs: number | null
  readonly usedAtMs: number | null
  readonly endedBecause: string | null
}

export interface StandingFacts {
  readonly kind: ApprovalKind
  /** What is written to, and what is read where that is another one: the roles at each count. */
  readonly clusterIds: readonly string[]
  /** The plan as it is now; null while there is none. */
  readonly planHash: string | null
  /** Null: nobody has asked. */
  readonly latest: ApprovalFacts | null
  /** Who made the plan, made it again, asked for it or ran it: none of them can be its second person. */
  readonly makers: ReadonlySet<string>
}

export interface Standing {
  readonly state: ApprovalState
  /** Why it does not stand any more; null while it does. */
  readonly because: string | null
}

export const OTHER_PLAN = 'It was for another plan than the one of now'
const YES: Allowance = { ok: true, reason: null }
const no = (reason: string): Allowance => ({ ok: false, reason })

type Verb = 'confirm' | 'approve' | 'request-approval' | 'reject' | 'void-approval' | 'expire-approval'

/** The action of a verb on either kind of restore. */
export function actionOf(kind: ApprovalKind, verb: Verb): ClusterAction {
  return kind === 'restore' ? `restore.${verb}` : `physical-restore.${verb}`
}

/** What an approval is worth now: a row says what was said, this says whether it still holds. */
export function standingOf(facts: StandingFacts, nowMs: number): Standing {
  const { latest, planHash } = facts
  if (latest === null) return { state: 'none', because: null }
  if (latest.state !== 'waiting' && latest.state !== 'approved') {
    return { state: latest.state, because: latest.endedBecause }
  }
  if (latest.planHash !== planHash) return { state: 'void', because: OTHER_PLAN }
  const fault = findPeopleFault(facts, latest)
  if (fault !== null) return { state: 'void', because: fault }
  if (latest.state === 'approved' && (latest.expiresAtMs === null || latest.expiresAtMs <= nowMs)) {
    return { state: 'expired', because: 'Its time has run out' }
  }
  return { state: latest.state, because: null }
}

/** Both persons must still be people who may do what they did. */
function findPeopleFault({ kind, clusterIds }: StandingFacts, latest: ApprovalFacts): string | null {
  const { requester, decider } = latest
  if (!isStill(requester, actionOf(kind, 'confirm'), clusterIds)) return 'The person who asked may not run it any more'
  if (latest.state === 'approved' && !isStill(decider, actionOf(kind, 'approve'), clusterIds)) {
    return 'The person who approved it may not approve any more'
  }
  return null
}

function isStill(person: Person | null, action: ClusterAction, clusterIds: readonly string[]): boolean {
  return person?.isActive === true && findLack(person, action, clusterIds) === null
}

/** The role that is too low, at the first cluster where one is. */
export function findLack(
  person: Pick<Actor, 'role' | 'clusterRoles'>,
  action: ClusterAction,
  clusterIds: readonly string[],
): Role | null {
  return clusterIds.map((id) => roleAt(person, id)).find((role) => !isRoleEnough(role, action)) ?? null
}

/** Whether somebody may be the second person. */
export function canDecide(
  facts: StandingFacts,
  actor: Pick<Actor, 'id' | 'role' | 'clusterRoles'>,
  nowMs: number,
): Allowance {
  const { state, because } = standingOf(facts, nowMs)
  if (state !== 'waiting') return no(because ?? 'Nobody waits for an answer')
  if (actor.id === null || facts.makers.has(actor.id)) return no(NOT_YOUR_OWN)
  const lack = findLack(actor, actionOf(facts.kind, 'approve'), facts.clusterIds)
  return lack === null ? YES : no(`Your role (${lack}) may not approve`)
}

export const NOT_YOUR_OWN = 'Nobody approves a plan that they made, asked for or ran: a second person does'

/** Whether a run may be queued now. Who approved does not start it: two persons, two deeds. */
export function canRun(
  facts: StandingFacts,
  run: { readonly purpose: ApprovalPurpose; readonly actorId: string | null },
  nowMs: number,
): Allowance {
  const { state, because } = standingOf(facts, nowMs)
  if (state !== 'approved' || facts.latest === null) return no(describeLack(state, because))
  if (!covers(facts.latest.purpose, run.purpose)) return no('The approval is for putting the old files back only')
  if (run.actorId === null || run.actorId === facts.latest.decider?.id) {
    return no('You have approved it: the person who asked, or another operator, starts it')
  }
  return YES
}

/** Of a run that was queued before: it must have been covered at that time, and both persons must still be who they were. */
export function canBegin(facts: StandingFacts, purpose: ApprovalPurpose): Allowance {
  const { latest } = facts
  if (latest === null || latest.usedAtMs === null)
    return no('It was queued without the approval that the cluster asks for')
  // Found to have expired after it was queued: that was in time.
  if (latest.state !== 'approved' && latest.state !== 'expired') return no(latest.endedBecause ?? 'It was not approved')
  if (latest.planHash !== facts.planHash) return no(OTHER_PLAN)
  if (latest.expiresAtMs === null || latest.usedAtMs >= latest.expiresAtMs) {
    return no('It was queued after its approval had expired')
  }
  if (!covers(latest.purpose, purpose)) return no('The approval is for putting the old files back only')
  const fault = findPeopleFault(facts, { ...latest, state: 'approved' })
  return fault === null ? YES : no(fault)
}

/** Who approves a run approves its way back as well, as long as it holds; not the other way round. */
function covers(purpose: ApprovalPurpose, wanted: ApprovalPurpose): boolean {
  return purpose === 'run' || purpose === wanted
}

export function describeLack(state: ApprovalState, because: string | null): string {
  switch (state) {
    case 'none':
      return 'A second person must approve this plan first'
    case 'waiting':
      return 'It waits for the approval of a second person'
    case 'rejected':
      return 'It was rejected'
    case 'expired':
      return 'The approval has expired: ask again'
    case 'void':
      return `The approval is void. ${because ?? ''}`.trim()
    case 'approved':
      return 'It is approved'
  }
}
