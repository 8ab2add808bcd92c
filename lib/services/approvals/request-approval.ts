import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { actionOf, standingOf } from './approval-rules.ts'
import { findStanding } from './find-approvals.ts'
import { noticeExpired } from './require-approval.ts'
import { requestApprovalSchema } from './schemas.ts'
import { getApprovalSubject } from './subject.ts'

/** The person has seen this plan (its hash), typed the cluster's name and said why: a second person is asked. Nothing is written. */
export async function requestApproval(
  context: ServiceContext,
  input: z.input<typeof requestApprovalSchema>,
): Promise<{ readonly approvalId: string }> {
  const { subjectKind, subjectId, planHash, purpose, typedName, reason } = parseInput(requestApprovalSchema, input)
  const known = await getApprovalSubject(context, subjectKind, subjectId)
  await noticeExpired(context, known)
  const approvalId = context.newId()
  const mutation = {
    action: actionOf(subjectKind, 'request-approval'),
    cluster: known.cluster,
    otherClusterId: known.otherClusterId,
    path: known.path,
    reason,
    after: { [subjectKind]: subjectId, plan: planHash, purpose },
  }
  await mutate(context, mutation, async (tx) => {
    const inside = { db: tx, clock: context.clock, workFiles: context.workFiles }
    const subject = await getApprovalSubject(inside, subjectKind, subjectId)
    const found = await findStanding(inside, subject)
    if (found === null) throw refused('This cluster does not ask for approvals: confirm the plan')
    const allowance = subject.canBeAsked(purpose)
    if (!allowance.ok) throw refused(allowance.reason ?? 'There is nothing to approve')
    if (subject.planHash !== planHash) {
      throw new ServiceError('PLAN_CHANGED', 'The plan was made again since this page was opened', {
        unaffected: 'nobody was asked',
        remedy: 'look at the new plan and ask for that one',
      })
    }
    if (subject.cluster?.name !== typedName) {
      throw new ServiceError('CONFIRMATION_MISMATCH', 'The typed name is not the name of the cluster', {
        unaffected: 'nobody was asked',
        details: { fields: { typedName: 'Type the name exactly as it is shown' } },
      })
    }
    const nowMs = context.clock.now()
    const { state } = standingOf(found.facts, nowMs)
    if (state === 'waiting') throw refused('A second person is asked already')
    if (state === 'approved' && found.facts.latest?.purpose !== 'undo') throw refused('It is approved already')
    if (context.actor.id === null) throw refused('Only a person can ask')
    await tx.approval.create({
      data: {
        id: approvalId,
        subjectKind,
        subjectId,
        clusterId: subject.clusterId,
        planHash,
        purpose,
        requestedById: context.actor.id,
        requestedAt: new Date(nowMs),
        reason,
      },
      select: { id: true },
    })
  })
  return { approvalId }
}

function refused(message: string): ServiceError {
  return new ServiceError('WRONG_STATE', message, { unaffected: 'nobody was asked' })
}
