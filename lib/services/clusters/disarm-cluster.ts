import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { getClusterForWriting } from './armed.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

const disarmClusterSchema = z.object({ clusterId: z.string() })

/** Read-only from now on. A restore that runs goes on to its next check of the arming. */
export async function disarmCluster(
  context: ServiceContext,
  input: z.input<typeof disarmClusterSchema>,
): Promise<ClusterView> {
  const { clusterId } = parseInput(disarmClusterSchema, input)
  const { id, name, armedUntil: before } = await getClusterForWriting(context, clusterId)
  const mutation = {
    action: 'cluster.disarm',
    cluster: { id, name },
    before: { armedUntil: before?.toISOString() ?? null },
    after: { armedUntil: null },
  } as const
  return mutate(context, mutation, async (tx) => {
    const row = await tx.cluster.update({
      where: { id, removedAt: null },
      data: { armedUntil: null, armedById: null },
      select: CLUSTER_COLUMNS,
    })
    return toClusterView(tx, row, context.clock.now())
  })
}
