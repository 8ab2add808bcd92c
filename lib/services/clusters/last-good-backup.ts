import type { Prisma } from '../../adapters/database/generated/client.ts'

/** Complete, asked for by a person or a schedule, not deleted not found damaged by a verification, and where it was put, or in a copy. */
export const UNDAMAGED_BACKUP = {
  deletedAt: null,
  purpose: { not: 'safety' },
  // Another tool's file says nothing about when, and maybe of what cluster.
  source: { not: 'import' },
  status: 'complete',
  OR: [
    { missingAt: null, verifyOk: null },
    { missingAt: null, verifyOk: true },
    { missingAt: { not: null }, copies: { some: { state: 'present', OR: [{ verifyOk: null }, { verifyOk: true }] } } },
  ],
} as const satisfies Prisma.BackupWhereInput

/** What a cluster's age of protection is counted from: undamaged, and no drill has shown that it cannot be restored. */
export const GOOD_BACKUP = {
  ...UNDAMAGED_BACKUP,
  AND: { OR: [{ drillOk: null }, { drillOk: true }] },
} as const satisfies Prisma.BackupWhereInput

export interface LastGoodBackup {
  readonly id: string
  readonly takenAt: Date
  readonly znodes: number
  readonly verifyOk: boolean | null
}

/** The newest good backup of a cluster, or null. The client or a transaction will do. */
export function findLastGoodBackup(
  db: Pick<Prisma.TransactionClient, 'backup'>,
  clusterId: string,
): Promise<LastGoodBackup | null> {
  return db.backup.findFirst({
    where: { clusterId, ...GOOD_BACKUP },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    select: { id: true, takenAt: true, znodes: true, verifyOk: true },
  })
}
