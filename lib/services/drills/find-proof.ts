import type { Prisma } from '../../adapters/database/generated/client.ts'

export interface ClusterProof {
  /** The backup that was proved last, which may be deleted since. */
  readonly lastProved: { readonly backupId: string; readonly takenAt: Date; readonly provedAt: Date } | null
  /** The newest backup that a drill has found wanting and after which none was proved. */
  readonly failed: { readonly backupId: string; readonly takenAt: Date; readonly drilledAt: Date } | null
}

/** What drills say of a cluster. */
export async function findProof(
  db: Pick<Prisma.TransactionClient, 'backup'>,
  clusterId: string,
): Promise<ClusterProof> {
  const proved = await db.backup.findFirst({
    where: { clusterId, deletedAt: null, provedAt: { not: null }, drillOk: true },
    orderBy: { provedAt: 'desc' },
    select: { id: true, takenAt: true, provedAt: true },
  })
  const failed = await db.backup.findFirst({
    where: {
      clusterId,
      deletedAt: null,
      drillOk: false,
      ...(proved?.provedAt ? { drilledAt: { gt: proved.provedAt } } : {}),
    },
    orderBy: { drilledAt: 'desc' },
    select: { id: true, takenAt: true, drilledAt: true },
  })
  return {
    lastProved: proved?.provedAt ? { backupId: proved.id, takenAt: proved.takenAt, provedAt: proved.provedAt } : null,
    failed: failed?.drilledAt ? { backupId: failed.id, takenAt: failed.takenAt, drilledAt: failed.drilledAt } : null,
  }
}
