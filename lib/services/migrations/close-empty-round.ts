import { join } from 'node:path'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { type MigrationRow, placesOf, type RoundRow } from './find-migration.ts'

/**
 * Nothing differs. Hours of following would bury what people look for under restores of nothing: the plan goes, and rounds that found
 * nothing one after the other are one line.
 */
export async function closeEmptyRound(context: ServiceContext, row: MigrationRow, round: RoundRow): Promise<void> {
  const { restoreId, number } = round
  const finishedAt = new Date(context.clock.now())
  await keepBooks(context, { action: 'migration.round', ...placesOf(row) }, async (tx) => {
    const last = await tx.migrationRound.findFirst({
      where: { migrationId: row.id, number: { lt: number } },
      orderBy: { number: 'desc' },
    })
    const at = (each: number) => ({ where: { migrationId: row.id, number: each } })
    if (last?.differences === 0 && last.restoreId === null && last.finishedAt !== null) {
      const { sourceZxid } = round
      await tx.migrationRound.updateMany({
        ...at(last.number),
        data: { repeats: last.repeats + 1, sourceZxid, finishedAt },
      })
      await tx.migrationRound.deleteMany(at(number))
    } else {
      const data = { restoreId: null, differences: 0, applied: 0, verified: true, finishedAt }
      await tx.migrationRound.updateMany({ ...at(number), data })
    }
    if (restoreId === null) return
    await tx.restore.deleteMany({ where: { id: restoreId, state: 'planned', confirmedAt: null } })
    await tx.job.deleteMany({ where: { subjectId: restoreId, kind: 'plan-restore' } })
  })
  if (restoreId !== null) await context.workFiles.remove(join('restores', restoreId))
}
