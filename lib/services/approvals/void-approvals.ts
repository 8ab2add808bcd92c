import type { Prisma } from '../../adapters/database/generated/client.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'
import { lookPast } from '../seen-by.ts'
import { actionOf } from './approval-rules.ts'
import { APPROVAL_COLUMNS } from './find-approvals.ts'

/**
 * What waits or was approved does not stand any more, with an entry for each. In the transaction of what voids it: a new plan, a cancelled
 * restore, a person who is gone, a cluster that does not ask any more.
 */
export async function voidApprovals(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  tx: Transaction,
  where: Pick<Prisma.ApprovalWhereInput, 'subjectId' | 'subjectKind' | 'clusterId' | 'requestedById' | 'decidedById'>,
  because: string,
): Promise<number> {
  const open = await lookPast(() =>
    tx.approval.findMany({
      where: { ...where, state: { in: ['waiting', 'approved'] } },
      select: APPROVAL_COLUMNS,
    }),
  )
  for (const row of open) {
    const { count } = await tx.approval.updateMany({
      where: { id: row.id, state: row.state },
      data: { state: 'void', endedBecause: because },
    })
    if (count === 0) continue
    const named = { where: { id: row.clusterId }, select: { id: true, name: true } } as const
    const cluster = await lookPast(() => tx.cluster.findUnique(named))
    const kind = row.subjectKind === 'physical' ? 'physical' : 'restore'
    await writeAudit(tx, context, {
      action: actionOf(kind, 'void-approval'),
      outcome: 'ok',
      cluster,
      before: { [kind]: row.subjectId, plan: row.planHash, state: row.state },
      message: because,
    })
  }
  return open.length
}
