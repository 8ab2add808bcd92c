import type { Prisma } from '../../adapters/database/generated/client.ts'
import { isWithin } from '../../domain/znode/path.ts'
import { GOOD_BACKUP } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

export const BACKUP_COLUMNS = {
  id: true,
  clusterId: true,
  clusterName: true,
  source: true,
  purpose: true,
  status: true,
  zxid: true,
  zxidFrom: true,
  zxidTo: true,
  consistency: true,
  proof: true,
  scopePaths: true,
  znodes: true,
  dataBytes: true,
  archiveBytes: true,
  storeId: true,
  dir: true,
  takenAt: true,
  durationMs: true,
  pinned: true,
  note: true,
  verifiedAt: true,
  verifyOk: true,
  verifyDepth: true,
  recipients: true,
  drilledAt: true,
  drillOk: true,
  drillReport: true,
  provedAt: true,
  createdById: true,
  scheduleId: true,
  scheduleName: true,
  sourceFaults: true,
  createdAt: true,
  removeAfter: true,
  removeReason: true,
  missingAt: true,
  copies: { orderBy: { id: 'asc' }, select: { storeId: true, state: true, verifyOk: true } },
  holds: { where: { liftedAt: null }, select: { placedByName: true, reason: true, until: true } },
} as const

/** Fetch or throw: a deleted backup is as good as none. */
export async function getBackupRow(context: Pick<ServiceContext, 'db'>, backupId: string) {
  const row = await context.db.backup.findFirst({ where: { id: backupId, deletedAt: null }, select: BACKUP_COLUMNS })
  if (!row) {
    throw new ServiceError('NOT_FOUND', `There is no backup ${backupId}`, {
      remedy: 'it may have been deleted: see the list of backups',
    })
  }
  return row
}

/**
 * Ids of the good backups that nothing stands in for: no other good backup of the cluster covers what they cover.
 * Deleting one of them loses the last copy of its scope.
 */
export async function findLastGood(
  context: { readonly db: Pick<Prisma.TransactionClient, 'backup'> },
  clusterIds: readonly string[],
): Promise<Set<string>> {
  const rows = await context.db.backup.findMany({
    where: { ...GOOD_BACKUP, clusterId: { in: [...new Set(clusterIds)] } },
    select: { id: true, clusterId: true, scopePaths: true },
  })
  const lastGood = new Set<string>()
  for (const row of rows) {
    const others = rows.filter((other) => other.clusterId === row.clusterId && other.id !== row.id)
    if (!others.some((other) => isCovered(toPaths(row.scopePaths), toPaths(other.scopePaths)))) lastGood.add(row.id)
  }
  return lastGood
}

export function toPaths(json: unknown): string[] {
  return Array.isArray(json) ? json.filter((path) => typeof path === 'string') : []
}

function isCovered(paths: readonly string[], by: readonly string[]): boolean {
  return paths.every((path) => by.some((root) => isWithin(path, root)))
}
