import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { Role } from '../context.ts'
import { toRole } from '../policy.ts'

/** The roles that somebody has at single clusters, by cluster id. */
export async function findClusterRoles(
  db: Pick<Prisma.TransactionClient, 'clusterRole'>,
  userId: string,
): Promise<Readonly<Record<string, Role>>> {
  const rows = await db.clusterRole.findMany({ where: { userId }, select: { clusterId: true, role: true } })
  return toClusterRoles(rows)
}

export function toClusterRoles(
  rows: readonly { readonly clusterId: string; readonly role: string }[],
): Readonly<Record<string, Role>> {
  return Object.fromEntries(rows.map(({ clusterId, role }) => [clusterId, toRole(role)]))
}
