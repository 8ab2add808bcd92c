import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { actionOf, canBegin, canRun, standingOf } from './approval-rules.ts'
import { findStanding, type SubjectRef } from './find-approvals.ts'
import type { ApprovalPurpose } from './views.ts'

type Context = Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>

/** In the transaction that queues a run. Throws APPROVAL_NEEDED where the cluster asks for an approval and none covers it now. */
export async function requireApproval(
  context: Pick<Context, 'actor' | 'clock'>,
  tx: Transaction,
  subject: SubjectRef,
  purpose: ApprovalPurpose = 'run',
): Promise<void> {
  const found = await findStanding({ db: tx, clock: context.clock }, subject)
  if (found === null) return
  const nowMs = context.clock.now()
  const allowance = canRun(found.facts, { purpose, actorId: context.actor.id }, nowMs)
  if (!allowance.ok) throw notApproved(allowance.reason)
  const { count } = await tx.approval.updateMany({
    where: { id: found.rows[0]?.id ?? '', state: 'approved' },
    data: { usedAt: new Date(nowMs) },
  })
  if (count === 0) throw notApproved('The approval was taken back meanwhile')
}

/** In the worker, before the first write of a run: what was queued must have been covered, and both persons must still stand for it. */
export async function assertApprovedRun(
  context: Context,
  subject: SubjectRef,
  purpose: ApprovalPurpose = 'run',
): Promise<void> {
  const found = await findStanding(context, subject)
  if (found === null) return
  const allowance = canBegin(found.facts, purpose)
  if (!allowance.ok) throw notApproved(allowance.reason)
}

/** Puts on record that an approval has run out, when somebody comes to use it. */
export async function noticeExpired(context: Context, subject: SubjectRef): Promise<void> {
  const found = await findStanding(context, subject)
  const row = found?.rows[0]
  if (!found || !row || row.state !== 'approved') return
  if (standingOf(found.facts, context.clock.now()).state !== 'expired') return
  const cluster = await context.db.cluster.findUnique({
    where: { id: subject.clusterId },
    select: { id: true, name: true },
  })
  const clockwork = { ...context, actor: { kind: 'system', id: null, name: 'Arkeeper', role: 'admin' } } as const
  await mutate(
    clockwork,
    {
      action: actionOf(subject.kind, 'expire-approval'),
      cluster,
      before: { [subject.kind]: subject.id, plan: row.planHash, expired: row.expiresAt?.toISOString() ?? null },
    },
    async (tx) => {
      await tx.approval.updateMany({
        where: { id: row.id, state: 'approved' },
        data: { state: 'expired', endedBecause: 'Its time has run out' },
      })
    },
  )
}

function notApproved(reason: string | null): ServiceError {
  return new ServiceError('APPROVAL_NEEDED', reason ?? 'A second person must approve this plan first', {
    unaffected: 'nothing was written',
    remedy: 'ask for the approval on the page of the restore',
  })
}
