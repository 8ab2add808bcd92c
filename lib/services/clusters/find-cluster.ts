import type { ServiceContext } from '../context.ts'

/** For the audit and the gate: also a removed one. Null when it is of none, or of one that is not known. */
export async function findCluster(
  context: Pick<ServiceContext, 'db'>,
  clusterId: string | null,
): Promise<{ readonly id: string; readonly name: string } | null> {
  if (clusterId === null) return null
  return context.db.cluster.findUnique({ where: { id: clusterId }, select: { id: true, name: true } })
}
