import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { lookPast } from '../seen-by.ts'
import { getClusterForWriting } from './armed.ts'
import { removeClusterSchema } from './schemas.ts'

/**
 * Takes a cluster out of Arkeeper; the ensemble itself is not touched, and backups, diffs, restores and audit of it stay.
 * Its credentials and keys are destroyed, its live stream ends, and its name is free again. WRONG_STATE while jobs of it wait or run.
 */
export async function removeCluster(
  context: ServiceContext,
  input: z.input<typeof removeClusterSchema>,
): Promise<void> {
  const { clusterId, typedName } = parseInput(removeClusterSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const subject = { id: cluster.id, name: cluster.name }
  await mutate(context, { action: 'cluster.remove', cluster: subject, before: { name: cluster.name } }, async (tx) => {
    if (typedName.trim() !== cluster.name) {
      throw new ServiceError('CONFIRMATION_MISMATCH', 'The name that was typed is not the name of the cluster', {
        unaffected: 'nothing was removed',
        remedy: `type ${cluster.name}`,
        details: { fields: { typedName: `Type ${cluster.name}` } },
      })
    }
    const jobs = await lookPast(() => tx.job.count({ where: { clusterId, state: { in: ['queued', 'running'] } } }))
    if (jobs > 0) {
      throw new ServiceError('WRONG_STATE', `${jobs} jobs of ${cluster.name} wait or run`, {
        unaffected: 'nothing was removed',
        remedy: 'wait for them or cancel them first',
      })
    }
    await tx.cluster.update({
      where: { id: clusterId, removedAt: null },
      data: {
        // '#' is not allowed in a name, so the freed name can be taken and this one never collides.
        name: `${cluster.name} #${clusterId}`,
        removedAt: new Date(context.clock.now()),
        armedUntil: null,
        authScheme: null,
        authSecret: null,
        tlsKey: null,
        adminAuthScheme: null,
        adminAuthSecret: null,
        adminTlsKey: null,
        revision: { increment: 1 },
      },
      select: { id: true },
    })
    // A stream that runs sees it within a second, and ends; nobody knocks at those ports any more.
    await tx.clusterFollow.updateMany({
      where: { clusterId },
      data: { enabled: false, state: 'off', tlsMode: 'off', tlsKey: null, revision: { increment: 1 } },
    })
  })
  await context.sessions.drop(clusterId)
}
