import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import { CLUSTER_COLUMNS, toClusterView } from '../clusters/to-cluster-view.ts'
import type { ClusterView } from '../clusters/views.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setApprovalSchema } from './schemas.ts'
import { voidApprovals } from './void-approvals.ts'

/**
 * Whether restores of a cluster need a second person, and how long an approval holds; those that are given already keep their time.
 * Off approves nothing: what waits or was approved is void, and who asked confirms the plan like any other.
 */
export async function setApproval(
  context: ServiceContext,
  input: z.input<typeof setApprovalSchema>,
): Promise<ClusterView> {
  const { clusterId, required, minutes } = parseInput(setApprovalSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const approvalMinutes = required ? minutes : null
  const mutation = { action: 'cluster.set-approval', cluster: { id, name }, after: { approvalMinutes } } as const
  return mutate(context, mutation, async (tx, record) => {
    const before = await tx.cluster.findUniqueOrThrow({ where: { id }, select: { approvalMinutes: true } })
    record({ before: { approvalMinutes: before.approvalMinutes } })
    const row = await tx.cluster.update({
      where: { id, removedAt: null },
      data: { approvalMinutes },
      select: CLUSTER_COLUMNS,
    })
    if (!required) {
      await voidApprovals(context, tx, { clusterId: id }, 'The cluster does not ask for approvals any more')
    }
    return toClusterView(tx, row, context.clock.now())
  })
}
