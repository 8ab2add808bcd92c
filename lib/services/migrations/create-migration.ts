import type { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { describeRestoreOptions } from '../restores/restore-options.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { assertOtherEnsemble } from './assert-other-ensemble.ts'
import { assertFree } from './find-migration.ts'
import { createMigrationSchema } from './schemas.ts'
import { readSourceZxid, startRound } from './start-round.ts'

/** Asks for the check: both clusters are reached, told apart, and the first round is planned. Nothing is written to either. */
export async function createMigration(
  context: ServiceContext,
  input: z.input<typeof createMigrationSchema>,
): Promise<{ readonly migrationId: string }> {
  const parsed = parseInput(createMigrationSchema, input)
  const { sourceId, targetId, mode, everySeconds, options } = parsed
  const source = await getClusterTarget(context, sourceId)
  const target = await getClusterTarget(context, targetId)
  const places = { cluster: { id: targetId, name: target.clusterName }, otherClusterId: sourceId }
  await assertActorCan(context, { action: 'migration.check', ...places })
  const sourcePath = parsePath(parsed.sourcePath)
  const targetPath = parsePath(parsed.targetPath)
  if (sourceId === targetId) {
    throw new ServiceError('INVALID_INPUT', 'Source and target are the same cluster', {
      unaffected: 'nothing was planned',
      details: { fields: { targetId: 'This is the source' } },
    })
  }
  await assertMaySeeAll(context, { action: 'migration.check', cluster: { id: sourceId, name: source.clusterName } })
  await assertFree(context, parsed, null)
  await assertOtherEnsemble(context, source, target)
  const sourceZxid = await readSourceZxid(context, sourceId)
  const migrationId = context.newId()
  const now = new Date(context.clock.now())
  await mutate(
    context,
    {
      action: 'migration.check',
      ...places,
      path: targetPath,
      after: {
        migration: migrationId,
        source: source.clusterName,
        from: sourcePath,
        to: targetPath,
        mode,
        everySeconds,
        ...describeRestoreOptions(options),
      },
    },
    async (tx) => {
      await assertFree({ db: tx }, parsed, null)
      const row = await tx.migration.create({
        data: {
          id: migrationId,
          sourceId,
          sourceName: source.clusterName,
          targetId,
          targetName: target.clusterName,
          sourcePath,
          targetPath,
          mode,
          options,
          addresses: { source: source.connectString, target: target.connectString },
          everySeconds,
          createdById: context.actor.id ?? 'system',
          createdAt: now,
          nextRunAt: now,
        },
      })
      await startRound(context, tx, { row, number: 1, sourceZxid })
    },
  )
  return { migrationId }
}
