import type { z } from 'zod'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { parseRoots } from '../engine/scope.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { startBackupSchema } from './schemas.ts'

/** Asks the worker for a backup. It is in the catalog when the archive is complete and read back, not before. */
export async function startBackup(
  context: ServiceContext,
  input: z.input<typeof startBackupSchema>,
): Promise<{ readonly jobId: string }> {
  const { clusterId, paths, note } = parseInput(startBackupSchema, input)
  const roots = parseRoots(paths)
  const target = await getClusterTarget(context, clusterId)
  const jobId = context.newId()
  const backupId = context.newId()
  const cluster = { id: clusterId, name: target.clusterName }
  await mutate(
    context,
    { action: 'backup.start', cluster, path: roots.join(' '), after: { backup: backupId, job: jobId } },
    (tx) =>
      enqueueJob(tx, {
        id: jobId,
        kind: 'backup',
        payload: { backupId, clusterId, paths: roots, note },
        clusterId,
        subjectId: backupId,
        actor: context.actor,
        nowMs: context.clock.now(),
      }),
  )
  return { jobId }
}
