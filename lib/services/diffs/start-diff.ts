import { join } from 'node:path'
import type { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { assertRoomForReading } from '../jobs/assert-room-for-reading.ts'
import { parseInput } from '../parse-input.ts'
import { describeTreeRef } from './describe-tree-ref.ts'
import { startDiffSchema } from './schemas.ts'

/** Asks the worker to compare two trees. Writes nothing to either. */
export async function startDiff(
  context: ServiceContext,
  input: z.input<typeof startDiffSchema>,
): Promise<{ readonly diffId: string; readonly jobId: string }> {
  const { left, right, path: pathText, includeEphemerals } = parseInput(startDiffSchema, input)
  const path = parsePath(pathText)
  const [before, after] = [await describeTreeRef(context, left), await describeTreeRef(context, right)]
  // The page belongs to the cluster that is looked at: the live one where there is one.
  const about = after.ref.kind === 'live' || before.ref.kind !== 'live' ? after : before
  const beside = about === after ? before : after
  const otherClusterId = beside.clusterId === about.clusterId ? null : beside.clusterId
  const diffId = context.newId()
  const jobId = context.newId()
  const nowMs = context.clock.now()
  await mutate(
    context,
    {
      action: 'diff.start',
      cluster: { id: about.clusterId, name: about.clusterName },
      otherClusterId,
      path,
      after: { diff: diffId, left: before.label, right: after.label },
    },
    async (tx) => {
      await assertRoomForReading(tx, context.actor)
      await tx.diff.create({
        data: {
          id: diffId,
          clusterId: about.clusterId,
          otherClusterId,
          left,
          right,
          leftLabel: before.label,
          rightLabel: after.label,
          path,
          options: { includeEphemerals },
          dir: join('diffs', diffId),
          createdById: context.actor.id ?? 'system',
          createdAt: new Date(nowMs),
          jobId,
        },
        select: { id: true },
      })
      await enqueueJob(tx, {
        id: jobId,
        kind: 'diff',
        payload: { diffId },
        clusterId: about.clusterId,
        otherClusterId,
        subjectId: diffId,
        actor: context.actor,
        nowMs,
      })
    },
  )
  return { diffId, jobId }
}
