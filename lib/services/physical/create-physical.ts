import { join } from 'node:path'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findPlaceOf } from '../stores/find-copies.ts'
import { assertAllowed, getPhysicalRow, PHYSICAL_COLUMNS, toPhysicalState } from './find-physical.ts'
import { type CreatePhysicalInput, createPhysicalSchema, parseServerLines, physicalOptionsSchema } from './schemas.ts'

/** Asks the worker for the pre-flight. Nothing is stopped and nothing written before the plan is confirmed. */
export async function createPhysical(
  context: ServiceContext,
  input: CreatePhysicalInput,
): Promise<{ readonly physicalId: string; readonly jobId: string }> {
  const { backupId, way, ...given } = parseInput(createPhysicalSchema, input)
  const backup = await getBackupRow(context, backupId)
  await findPlaceOf(context, backup, given.storeId)
  const target = await getClusterTarget(context, backup.clusterId)
  const { label } = await describeTreeRef(context, `backup:${backupId}`)
  const physicalId = context.newId()
  const jobId = context.newId()
  const nowMs = context.clock.now()
  await mutate(
    context,
    {
      action: 'physical-restore.check',
      cluster: { id: target.clusterId, name: target.clusterName },
      after: { physicalRestore: physicalId, source: label, way, ...(given.storeId ? { store: given.storeId } : {}) },
    },
    async (tx) => {
      await tx.physicalRestore.create({
        data: {
          id: physicalId,
          clusterId: target.clusterId,
          backupId,
          sourceLabel: label,
          way,
          options: physicalOptionsSchema.parse({ ...given, servers: parseServerLines(given.servers) }),
          dir: join('physical', physicalId),
          createdById: context.actor.id ?? 'system',
          createdAt: new Date(nowMs),
          jobId,
        },
        select: { id: true },
      })
      await enqueueJob(tx, {
        id: jobId,
        kind: 'physical-restore',
        payload: { physicalId, task: 'check' },
        clusterId: target.clusterId,
        subjectId: physicalId,
        actor: context.actor,
        nowMs,
      })
    },
  )
  return { physicalId, jobId }
}

/** The same question once more: servers have moved on, or what stood in the way is mended. */
export async function recheckPhysical(
  context: ServiceContext,
  physicalId: string,
): Promise<{ readonly jobId: string }> {
  const row = await getPhysicalRow(context, physicalId)
  const target = await getClusterTarget(context, row.clusterId)
  const jobId = context.newId()
  await mutate(
    context,
    {
      action: 'physical-restore.check',
      cluster: { id: target.clusterId, name: target.clusterName },
      after: { physicalRestore: physicalId, source: row.sourceLabel, again: true },
    },
    async (tx) => {
      const current = await tx.physicalRestore.findUniqueOrThrow({
        where: { id: physicalId },
        select: PHYSICAL_COLUMNS,
      })
      const mayBeChecked =
        current.confirmedAt === null &&
        ['checked', 'check-failed', 'cancelled', 'succeeded', 'incomplete', 'failed'].includes(
          toPhysicalState(current.state),
        )
      assertAllowed({ ok: mayBeChecked, reason: 'It has been confirmed or is at work: make a new one' })
      await tx.physicalRestore.updateMany({
        where: { id: physicalId },
        data: { state: 'checking', jobId, finishedAt: null },
      })
      await enqueueJob(tx, {
        id: jobId,
        kind: 'physical-restore',
        payload: { physicalId, task: 'check' },
        clusterId: row.clusterId,
        subjectId: physicalId,
        actor: context.actor,
        nowMs: context.clock.now(),
      })
    },
  )
  return { jobId }
}
