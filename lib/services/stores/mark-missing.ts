import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'

/** Rows whose archive a whole walk of the store has not met. They stay: the archive may be on a disk that is not mounted. */
export async function markMissing(
  context: ServiceContext,
  storeId: string,
  found: ReadonlySet<string>,
): Promise<number> {
  const startedAt = new Date(context.clock.now())
  const rows = await context.db.backup.findMany({
    where: { storeId, deletedAt: null, missingAt: null },
    select: { id: true, dir: true },
  })
  const copies = await context.db.backupCopy.findMany({
    where: { storeId, state: 'present' },
    select: { id: true, dir: true },
  })
  const gone = rows.filter(({ dir }) => !found.has(dir)).map(({ id }) => id)
  const goneCopies = copies.filter(({ dir }) => !found.has(dir)).map(({ id }) => id)
  if (gone.length + goneCopies.length === 0) return 0
  const after = { store: storeId, missing: gone.slice(0, 100), missingCopies: goneCopies.slice(0, 100) }
  await mutate(context, { action: 'backup.rescan', after }, async (tx) => {
    await tx.backup.updateMany({
      where: { id: { in: gone }, storeId, missingAt: null },
      data: { missingAt: startedAt },
    })
    await tx.backupCopy.updateMany({ where: { id: { in: goneCopies }, state: 'present' }, data: { state: 'missing' } })
  })
  return gone.length + goneCopies.length
}
