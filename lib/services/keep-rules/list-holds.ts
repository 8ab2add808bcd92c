import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import type { HoldView } from './views.ts'

/** All holds of a backup, those that stand and those of before, oldest first. */
export async function listHolds(context: Pick<ServiceContext, 'db' | 'clock'>, backupId: string): Promise<HoldView[]> {
  const { id } = await getBackupRow(context, backupId)
  const rows = await context.db.backupHold.findMany({
    where: { backupId: id },
    orderBy: [{ placedAt: 'asc' }, { id: 'asc' }],
    select: {
      id: true,
      reason: true,
      placedByName: true,
      placedAt: true,
      until: true,
      liftedAt: true,
      liftedByName: true,
      liftReason: true,
    },
  })
  const nowMs = context.clock.now()
  return rows.map(({ placedAt, until, liftedAt, ...row }) => ({
    ...row,
    placedAt: placedAt.toISOString(),
    until: until?.toISOString() ?? null,
    liftedAt: liftedAt?.toISOString() ?? null,
    stands: liftedAt === null && (until === null || until.getTime() > nowMs),
  }))
}
