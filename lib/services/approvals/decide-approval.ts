import type { z } from 'zod'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { actionOf, canDecide, NOT_YOUR_OWN } from './approval-rules.ts'
import { APPROVAL_COLUMNS, type ApprovalRow, findStanding } from './find-approvals.ts'
import { decideApprovalSchema } from './schemas.ts'
import { getApprovalSubject } from './subject.ts'

/** The second person has seen the same plan (its hash) and says yes or no. A yes starts nothing: it holds for a while, and whoever asked runs it. */
export async function decideApproval(
  context: ServiceContext,
  input: z.input<typeof decideApprovalSchema>,
): Promise<void> {
  const { approvalId, planHash, decision, note } = parseInput(decideApprovalSchema, input)
  const row = await context.db.approval.findUnique({ where: { id: approvalId }, select: APPROVAL_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `Nobody has asked for an approval ${approvalId}`)
  const kind = row.subjectKind === 'physical' ? 'physical' : 'restore'
  const known = await getApprovalSubject(context, kind, row.subjectId)
  const mutation = {
    action: actionOf(kind, decision),
    cluster: known.cluster,
    otherClusterId: known.otherClusterId,
    path: known.path,
    reason: row.reason,
    before: { [kind]: row.subjectId, plan: row.planHash, purpose: row.purpose, requestedBy: row.requestedById },
    after: { note },
  }
  const found = await findStanding(context, known)
  if (context.actor.id === null || found?.facts.makers.has(context.actor.id)) {
    await writeAudit(context.db, context, { ...mutation, outcome: 'denied', message: NOT_YOUR_OWN })
    throw new ServiceError('FORBIDDEN', NOT_YOUR_OWN, { unaffected: 'nothing was approved and nothing written' })
  }
  await mutate(context, mutation, async (tx, record) => {
    const inside = { db: tx, clock: context.clock, workFiles: context.workFiles }
    const nowMs = context.clock.now()
    const minutes = await assertAnswerable(context, inside, row, planHash)
    const expiresAt = decision === 'approve' ? new Date(nowMs + minutes * 60_000) : null
    const { count } = await tx.approval.updateMany({
      where: { id: approvalId, state: 'waiting' },
      data: {
        state: decision === 'approve' ? 'approved' : 'rejected',
        decidedById: context.actor.id,
        decidedAt: new Date(nowMs),
        note,
        expiresAt,
      },
    })
    if (count === 0) throw refused('Somebody else was faster')
    if (expiresAt !== null) record({ after: { expiresAt: expiresAt.toISOString() } })
  })
}

/** Gives how long an approval holds. Throws when the question is not the one that stands now, or not for this person. */
async function assertAnswerable(
  context: ServiceContext,
  inside: Parameters<typeof getApprovalSubject>[0] & Parameters<typeof findStanding>[0],
  row: ApprovalRow,
  planHash: string,
): Promise<number> {
  const kind = row.subjectKind === 'physical' ? 'physical' : 'restore'
  const subject = await getApprovalSubject(inside, kind, row.subjectId)
  const found = await findStanding(inside, subject)
  if (found === null) throw refused('This cluster does not ask for approvals any more')
  if (found.rows[0]?.id !== row.id) throw refused('There is a later question about this plan')
  if (row.planHash !== planHash || subject.planHash !== planHash) {
    throw new ServiceError('PLAN_CHANGED', 'The plan was made again since this page was opened', {
      unaffected: 'nothing was approved',
      remedy: 'look at the new plan',
    })
  }
  const asked = subject.canBeAsked(row.purpose === 'undo' ? 'undo' : 'run')
  if (!asked.ok) throw refused(asked.reason ?? 'There is nothing to approve any more')
  const allowance = canDecide(found.facts, context.actor, context.clock.now())
  if (!allowance.ok) throw refused(allowance.reason ?? 'It cannot be answered now')
  return found.minutes
}

function refused(message: string): ServiceError {
  return new ServiceError('WRONG_STATE', message, { unaffected: 'nothing was approved' })
}
