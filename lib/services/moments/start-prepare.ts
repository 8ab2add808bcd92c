import type { z } from 'zod'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { assertRoomForReading } from '../jobs/assert-room-for-reading.ts'
import { parseInput } from '../parse-input.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import { momentSchema } from './schemas.ts'

/** Asks the worker to make the tree of a moment, where that takes long. One that is on its way is not asked for twice. */
export async function startPrepare(
  context: ServiceContext,
  input: z.input<typeof momentSchema>,
): Promise<{ readonly jobId: string }> {
  const { clusterId, zxid } = parseInput(momentSchema, input)
  const { clusterName } = await getClusterTarget(context, clusterId)
  const subjectId = formatTreeRef({ kind: 'moment', clusterId, zxid })
  return mutate(
    context,
    { action: 'moment.prepare', cluster: { id: clusterId, name: clusterName }, after: { zxid } },
    async (tx) => {
      const running = await tx.job.findFirst({
        where: { kind: 'prepare-moment', subjectId, state: { in: ['queued', 'running'] } },
        select: { id: true },
      })
      if (running) return { jobId: running.id }
      await assertRoomForReading(tx, context.actor)
      const jobId = context.newId()
      await enqueueJob(tx, {
        id: jobId,
        kind: 'prepare-moment',
        payload: { clusterId, zxid },
        clusterId,
        subjectId,
        actor: context.actor,
        nowMs: context.clock.now(),
      })
      return { jobId }
    },
  )
}
