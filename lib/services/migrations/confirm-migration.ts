import type { z } from 'zod'
import { isDanger } from '../../domain/guards/severity.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { getRestoreRow, parsePlanView } from '../restores/find-restore.ts'
import { assertAllowed, factsOf, findLatestRound, getMigrationRow, placesOf } from './find-migration.ts'
import { canConfirm } from './migration-rules.ts'
import { confirmMigrationSchema } from './schemas.ts'

/**
 * The person has read the plan of the first round, typed the target's name and said why. From now on the worker applies that round and those
 * that follow in this person's name, each through the same gate as any restore.
 */
export async function confirmMigration(
  context: ServiceContext,
  input: z.input<typeof confirmMigrationSchema>,
): Promise<void> {
  const { migrationId, planHash, typedName, reason, dangersRead } = parseInput(confirmMigrationSchema, input)
  const row = await getMigrationRow(context, migrationId)
  await mutate(
    context,
    {
      action: 'migration.confirm',
      ...placesOf(row),
      path: row.targetPath,
      reason,
      after: { migration: migrationId, source: row.sourceName, plan: planHash, everySeconds: row.everySeconds },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const facts = await factsOf(inside, await getMigrationRow(inside, migrationId))
      assertAllowed(canConfirm(facts), facts)
      const round = await findLatestRound(inside, migrationId)
      const restore = await getRestoreRow(inside, round?.restoreId ?? '')
      if (restore.state !== 'planned' || restore.planHash !== planHash) {
        throw new ServiceError('PLAN_CHANGED', 'The plan was made again since this page was opened', {
          unaffected: 'nothing was written',
          remedy: 'look at the new plan and confirm that one',
        })
      }
      const cluster = await tx.cluster.findUnique({ where: { id: row.targetId }, select: { name: true } })
      if (cluster?.name !== typedName) {
        throw new ServiceError('CONFIRMATION_MISMATCH', 'The typed name is not the name of the target', {
          unaffected: 'nothing was written',
          details: { fields: { typedName: 'Type the name exactly as it is shown' } },
        })
      }
      if (!dangersRead && parsePlanView(restore.planSummary)?.warnings.some(isDanger)) {
        throw new ServiceError('CONFIRMATION_MISMATCH', 'The dangers of this plan were not ticked off', {
          unaffected: 'nothing was written',
          remedy: 'read them, and tick that you have',
          details: { fields: { dangersRead: 'Tick this when you have read them' } },
        })
      }
      const now = new Date(context.clock.now())
      const { count } = await tx.migration.updateMany({
        where: { id: migrationId, state: 'checked' },
        data: { state: 'copying', reason, confirmedById: context.actor.id, confirmedAt: now, nextRunAt: now },
      })
      if (count === 0)
        throw new ServiceError('WRONG_STATE', 'Somebody else was faster', { unaffected: 'nothing was written' })
    },
  )
}
