import type { ServiceContext } from '../context.ts'

/** The last transaction that is kept of a cluster, wherever that is. */
export interface LogEnd {
  readonly zxid: bigint
  /** By the leader's clock; null: not known. */
  readonly at: Date | null
}

/** As those who write say: the stream within about a second, else the keeping of members' logs with its last run. */
export async function findLogEnd({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<LogEnd | null> {
  const follow = await db.clusterFollow.findUnique({
    where: { clusterId },
    select: { lastZxid: true, lastTxnAt: true },
  })
  const keeping = await db.logKeeping.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  const mirrors = await db.logMirror.findMany({ where: { clusterId }, select: { lastZxid: true, lastTxnAt: true } })
  const ends = [
    { zxid: follow?.lastZxid ?? null, at: follow?.lastTxnAt ?? null },
    { zxid: keeping?.lastZxid ?? null, at: null },
    ...mirrors.map(({ lastZxid, lastTxnAt }) => ({ zxid: lastZxid, at: lastTxnAt })),
  ]
  let end: LogEnd | null = null
  for (const { zxid, at } of ends) {
    if (zxid === null) continue
    if (end === null || zxid > end.zxid || (zxid === end.zxid && end.at === null)) end = { zxid, at }
  }
  return end
}

/**
 * How much of a cluster's time a place does not have: from its last transaction to the last of all. 0: it has all of it. Null: it has nothing
 * yet, or nobody knows when one of the two was made.
 */
export function measureBehind(
  end: LogEnd | null,
  { lastZxid, lastTxnAt }: { readonly lastZxid: bigint | null; readonly lastTxnAt: Date | null },
): number | null {
  if (end === null || lastZxid === null) return null
  if (lastZxid >= end.zxid) return 0
  if (end.at === null || lastTxnAt === null) return null
  return Math.max(0, end.at.getTime() - lastTxnAt.getTime())
}
