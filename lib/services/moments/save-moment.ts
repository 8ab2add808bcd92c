import type { z } from 'zod'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { saveMomentSchema } from './schemas.ts'

/** Asks the worker to write a moment into the store as a backup like any other. */
export async function saveMoment(
  context: ServiceContext,
  input: z.input<typeof saveMomentSchema>,
): Promise<{ readonly jobId: string }> {
  const { clusterId, zxid, note } = parseInput(saveMomentSchema, input)
  const { clusterName } = await getClusterTarget(context, clusterId)
  const [jobId, backupId] = [context.newId(), context.newId()]
  await mutate(
    context,
    {
      action: 'backup.start',
      cluster: { id: clusterId, name: clusterName },
      path: '/',
      after: { backup: backupId, job: jobId, moment: zxid },
    },
    (tx) =>
      enqueueJob(tx, {
        id: jobId,
        kind: 'backup',
        payload: { backupId, clusterId, paths: ['/'], note, source: 'files', moment: zxid },
        clusterId,
        subjectId: backupId,
        actor: context.actor,
        nowMs: context.clock.now(),
      }),
  )
  return { jobId }
}
