import type { ServiceContext } from '../context.ts'

/** Whether the transaction log of a cluster is being archived: from the files of members, or from the stream. */
export async function isLogKept({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<boolean> {
  const keeping = await db.logKeeping.findUnique({ where: { clusterId }, select: { enabled: true } })
  if (keeping?.enabled) return true
  const follow = await db.clusterFollow.findUnique({ where: { clusterId }, select: { enabled: true } })
  return follow?.enabled ?? false
}
