import type { z } from 'zod'
import { isDanger } from '../../domain/guards/severity.ts'
import { noticeExpired, requireApproval } from '../approvals/require-approval.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { assertMayCopy } from './assert-may-copy.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow, parsePlanView, toSubject } from './find-restore.ts'
import { enqueueRestoreJob } from './restore-job.ts'
import { canConfirm } from './restore-rules.ts'
import { auditPathOf } from './restore-scope.ts'
import { confirmRestoreSchema } from './schemas.ts'

/** The person has seen this plan (its hash), typed the cluster's name and said why: the run is handed to the worker. */
export async function confirmRestore(
  context: ServiceContext,
  input: z.input<typeof confirmRestoreSchema>,
): Promise<{ readonly jobId: string }> {
  const { restoreId, planHash, typedName, reason, dangersRead } = parseInput(confirmRestoreSchema, input)
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const subject = {
    action: 'restore.confirm',
    cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
    otherClusterId: row.otherClusterId,
    path: auditPathOf(row.scope),
    reason,
    after: { restore: restoreId, plan: planHash, source: row.sourceLabel },
  } as const
  const jobId = context.newId()
  await noticeExpired(context, toSubject(row))
  await assertMayCopy(context, 'restore.confirm', row)
  await mutate(context, subject, async (tx) => {
    const inside = { db: tx, clock: context.clock }
    const current = await getRestoreRow(inside, restoreId)
    const facts = await factsOf(inside, current)
    assertAllowed(canConfirm(facts), facts)
    if (current.planHash !== planHash) {
      throw new ServiceError('PLAN_CHANGED', 'The plan was made again since this page was opened', {
        unaffected: 'nothing was written',
        remedy: 'look at the new plan and confirm that one',
      })
    }
    if (cluster?.name !== typedName) {
      throw new ServiceError('CONFIRMATION_MISMATCH', 'The typed name is not the name of the cluster', {
        unaffected: 'nothing was written',
        details: { fields: { typedName: 'Type the name exactly as it is shown' } },
      })
    }
    if (!dangersRead && parsePlanView(current.planSummary)?.warnings.some(isDanger)) {
      throw new ServiceError('CONFIRMATION_MISMATCH', 'The dangers of this plan were not ticked off', {
        unaffected: 'nothing was written',
        remedy: 'read them, and tick that you have',
        details: { fields: { dangersRead: 'Tick this when you have read them' } },
      })
    }
    await requireApproval(context, tx, toSubject(current))
    const nowMs = context.clock.now()
    const { count } = await tx.restore.updateMany({
      where: { id: restoreId, state: 'planned', planHash },
      data: { state: 'queued', reason, confirmedById: context.actor.id, confirmedAt: new Date(nowMs), jobId },
    })
    if (count === 0)
      throw new ServiceError('WRONG_STATE', 'Somebody else was faster', { unaffected: 'nothing was written' })
    await enqueueRestoreJob(context, tx, {
      kind: 'run-restore',
      id: jobId,
      nowMs,
      restore: row,
    })
  })
  return { jobId }
}
