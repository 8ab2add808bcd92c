import type { z } from 'zod'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { parseRoots } from '../engine/scope.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { type BackupSource, listBackupSources } from './list-backup-sources.ts'
import { startBackupSchema } from './schemas.ts'

/** Asks the worker for a backup. It is in the catalog when the archive is complete and read back, not before. */
export async function startBackup(
  context: ServiceContext,
  input: z.input<typeof startBackupSchema>,
): Promise<{ readonly jobId: string }> {
  const { clusterId, paths, note, source } = parseInput(startBackupSchema, input)
  const roots = parseRoots(paths)
  const target = await getClusterTarget(context, clusterId)
  const sources = source === 'automatic' ? await listUsable(context, clusterId) : [source]
  if (source !== 'automatic') await assertSource(context, clusterId, source)
  const jobId = context.newId()
  const backupId = context.newId()
  const cluster = { id: clusterId, name: target.clusterName }
  await mutate(
    context,
    { action: 'backup.start', cluster, path: roots.join(' '), after: { backup: backupId, job: jobId, source } },
    (tx) =>
      enqueueJob(tx, {
        id: jobId,
        kind: 'backup',
        payload: {
          backupId,
          clusterId,
          paths: roots,
          note,
          source: sources[0] ?? 'client',
          ...(sources.length > 1 ? { sources } : {}),
          moment: null,
        },
        clusterId,
        subjectId: backupId,
        actor: context.actor,
        nowMs: context.clock.now(),
      }),
  )
  return { jobId }
}

/** The most faithful first: files and the leader's own words are exact at any moment, a walk over the client port serves wherever clients do. */
const BEST_FIRST: readonly BackupSource[] = ['files', 'observer', 'admin', 'client']

async function listUsable(context: ServiceContext, clusterId: string): Promise<BackupSource[]> {
  const views = await listBackupSources(context, clusterId)
  return BEST_FIRST.filter((source) => views.some((one) => one.source === source && one.unavailable === null))
}

/** What is missing is said now, not by a job that fails later. */
async function assertSource(context: ServiceContext, clusterId: string, source: BackupSource): Promise<void> {
  const sources = await listBackupSources(context, clusterId)
  const { unavailable } = sources.find((one) => one.source === source) ?? { unavailable: 'is not known' }
  if (unavailable === null) return
  throw new ServiceError('INVALID_INPUT', `This source cannot be used: ${unavailable}`, {
    unaffected: 'no backup was started',
    details: { fields: { source: unavailable } },
  })
}
