import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { findRemoved } from '../logs/find-removed.ts'
import type { FollowGapView } from './views.ts'

const SHOWN_MAX = 50

/** What the stream of a cluster has missed, newest first. */
export async function listFollowGaps(
  context: Pick<ServiceContext, 'db'>,
  clusterId: string,
): Promise<readonly FollowGapView[]> {
  // Of what keep rules have removed since nobody asks what is missing in it.
  const removed = await findRemoved(context, clusterId)
  const rows = await context.db.followGap.findMany({
    where: { clusterId, ...(removed === null ? {} : { toZxid: { gt: removed.through } }) },
    orderBy: [{ toZxid: 'desc' }, { id: 'asc' }],
    take: SHOWN_MAX,
  })
  return rows.map(({ fromZxid, toZxid, fromAt, toAt, why, isCertain, closedAt }) => ({
    from: formatHex64(fromZxid),
    to: formatHex64(toZxid),
    fromAt: fromAt?.toISOString() ?? null,
    toAt: toAt.toISOString(),
    why,
    isCertain,
    closedAt: closedAt?.toISOString() ?? null,
  }))
}
