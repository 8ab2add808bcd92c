import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'

/** What the catalog has in a store, by the id of its row. */
export interface KnownPlaces {
  readonly backups: ReadonlyMap<string, string>
  readonly copies: ReadonlyMap<string, string>
}

/** To be asked before the store is walked: what comes in, or moves, during the walk may lie where the walk has been already. */
export async function listKnownPlaces(
  { db }: { readonly db: Pick<ServiceContext['db'], 'backup' | 'backupCopy'> },
  storeId: string,
): Promise<KnownPlaces> {
  const select = { id: true, dir: true } as const
  const backups = await db.backup.findMany({ where: { storeId, deletedAt: null, missingAt: null }, select })
  const copies = await db.backupCopy.findMany({ where: { storeId, state: 'present' }, select })
  const byId = (rows: typeof copies) => new Map(rows.map(({ id, dir }) => [id, dir]))
  return { backups: byId(backups), copies: byId(copies) }
}

/** Rows whose archive a whole walk of the store has not met. They stay: the archive may be on a disk that is not mounted. */
export async function markMissing(
  context: ServiceContext,
  storeId: string,
  found: ReadonlySet<string>,
  before: KnownPlaces,
): Promise<number> {
  const goneOf = (now: ReadonlyMap<string, string>, then: ReadonlyMap<string, string>) =>
    [...now].flatMap(([id, dir]) => (then.get(id) === dir && !found.has(dir) ? [id] : []))
  const now = await listKnownPlaces(context, storeId)
  if (goneOf(now.backups, before.backups).length + goneOf(now.copies, before.copies).length === 0) return 0
  return mutate(context, { action: 'backup.rescan' }, async (tx, record) => {
    const known = await listKnownPlaces({ db: tx }, storeId)
    const [gone, goneCopies] = [goneOf(known.backups, before.backups), goneOf(known.copies, before.copies)]
    record({ after: { store: storeId, missing: gone.slice(0, 100), missingCopies: goneCopies.slice(0, 100) } })
    await tx.backup.updateMany({ where: { id: { in: gone } }, data: { missingAt: new Date(context.clock.now()) } })
    await tx.backupCopy.updateMany({ where: { id: { in: goneCopies } }, data: { state: 'missing' } })
    return gone.length + goneCopies.length
  })
}
