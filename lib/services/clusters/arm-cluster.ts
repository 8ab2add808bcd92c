import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { getClusterForWriting } from './armed.ts'
import { armClusterSchema } from './schemas.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

/** Allows writes for so many minutes from now; an arming that runs already is replaced, not added to. */
export async function armCluster(
  context: ServiceContext,
  input: z.input<typeof armClusterSchema>,
): Promise<ClusterView> {
  const { clusterId, minutes, reason } = parseInput(armClusterSchema, input)
  const { id, name, armedUntil: before } = await getClusterForWriting(context, clusterId)
  const armedUntil = new Date(context.clock.now() + minutes * 60_000)
  const mutation = {
    action: 'cluster.arm',
    cluster: { id, name },
    reason,
    before: { armedUntil: before?.toISOString() ?? null },
    after: { armedUntil: armedUntil.toISOString(), minutes },
  } as const
  return mutate(context, mutation, async (tx) => {
    const row = await tx.cluster.update({
      where: { id, removedAt: null },
      data: { armedUntil, armedById: context.actor.id },
      select: CLUSTER_COLUMNS,
    })
    return toClusterView(tx, row, context.clock.now())
  })
}
