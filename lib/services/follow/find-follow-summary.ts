import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ClusterView } from '../clusters/views.ts'
import { judgeFollow } from './judge-follow.ts'
import { toDigestState } from './to-digest-state.ts'

/** How the stream of a cluster goes, in one line; null where it is not followed. */
export async function findFollowSummary(
  db: Pick<Prisma.TransactionClient, 'clusterFollow'>,
  clusterId: string,
  nowMs: number,
): Promise<ClusterView['follow']> {
  const row = await db.clusterFollow.findUnique({ where: { clusterId } })
  if (!row?.enabled) return null
  return {
    state: judgeFollow(row, nowMs).state,
    lagMs: row.lagMs,
    rate: row.rate,
    lastZxid: row.lastZxid === null ? null : formatHex64(row.lastZxid),
    digest: toDigestState(row.digestState),
    heardAt: row.heardAt?.toISOString() ?? null,
  }
}
