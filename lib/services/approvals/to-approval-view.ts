import type { ServiceContext } from '../context.ts'
import type { Allowance } from '../restores/restore-rules.ts'
import { actionOf, canDecide, canRun, findLack, type Standing, standingOf } from './approval-rules.ts'
import { type ApprovalRow, type FoundStanding, toState } from './find-approvals.ts'
import type { ApprovalEventView, ApprovalView } from './views.ts'

/** `mayAsk`: whether the restore is where something can be approved at all. */
export function toApprovalView(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  found: FoundStanding,
  mayAsk: Allowance,
): ApprovalView {
  const { facts, rows, minutes } = found
  const { actor } = context
  const nowMs = context.clock.now()
  const standing = standingOf(facts, nowMs)
  // Of a run that needs nothing more: what was approved in time stays so on the page.
  const isHistory = !mayAsk.ok && rows[0]?.usedAt != null && standing.state === 'expired'
  const { state, because }: Standing = isHistory ? { state: 'approved', because: null } : standing
  const [latest, ...earlier] = rows.map((row) => toEvent(row, found))
  return {
    state,
    minutes,
    latest:
      latest === undefined
        ? null
        : { ...latest, state: state === 'none' ? latest.state : state, endedBecause: because },
    earlier,
    canRequest: canRequest(context, found, mayAsk),
    canDecide: canDecide(facts, actor, nowMs),
    canRun: canRun(facts, { purpose: 'run', actorId: actor.id }, nowMs),
    canUndo: canRun(facts, { purpose: 'undo', actorId: actor.id }, nowMs),
  }
}

function canRequest(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  { facts }: FoundStanding,
  mayAsk: Allowance,
): Allowance {
  if (!mayAsk.ok) return mayAsk
  const { state } = standingOf(facts, context.clock.now())
  if (state === 'waiting') return { ok: false, reason: 'A second person is asked already' }
  if (state === 'approved' && facts.latest?.purpose !== 'undo') return { ok: false, reason: 'It is approved already' }
  const lack = findLack(context.actor, actionOf(facts.kind, 'request-approval'), facts.clusterIds)
  return lack === null ? { ok: true, reason: null } : { ok: false, reason: `Your role (${lack}) may not ask for it` }
}

function toEvent(row: ApprovalRow, { people }: FoundStanding): ApprovalEventView {
  const nameOf = (id: string) => people.get(id)?.name ?? 'a removed user'
  return {
    id: row.id,
    state: toState(row.state),
    purpose: row.purpose === 'undo' ? 'undo' : 'run',
    requestedByName: nameOf(row.requestedById),
    requestedAt: row.requestedAt.toISOString(),
    reason: row.reason,
    decidedByName: row.decidedById === null ? null : nameOf(row.decidedById),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    note: row.note,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    endedBecause: row.endedBecause,
  }
}

/** What may be done once the approval is counted in. */
export function withApproval(allowance: Allowance, approved: Allowance | undefined): Allowance {
  return allowance.ok && approved !== undefined && !approved.ok ? approved : allowance
}
