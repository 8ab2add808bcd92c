import { formatHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { type FollowRow, judgeFollow } from '../follow/judge-follow.ts'
import type { LiveStatusView } from './views.ts'

/** Throws NOT_FOUND. */
export async function getLiveStatus(context: ServiceContext, clusterId: string): Promise<LiveStatusView> {
  const { id, name } = await getClusterForWriting(context, clusterId)
  const follow = await context.db.clusterFollow.findUnique({
    where: { clusterId: id },
    select: { enabled: true, state: true, stateSince: true, leaseUntil: true, lastZxid: true, lagMs: true, rate: true },
  })
  const keeping = await context.db.logKeeping.findUnique({
    where: { clusterId: id },
    select: { enabled: true, everySeconds: true },
  })
  return {
    clusterId: id,
    clusterName: name,
    follow: follow?.enabled ? toView(follow, context.clock.now()) : null,
    logEverySeconds: keeping?.enabled ? keeping.everySeconds : null,
  }
}

interface Row extends FollowRow {
  readonly lastZxid: bigint | null
  readonly lagMs: number | null
  readonly rate: number | null
}

function toView(row: Row, nowMs: number): LiveStatusView['follow'] {
  const { state, since } = judgeFollow(row, nowMs)
  const { lastZxid, lagMs, rate } = row
  return {
    state,
    since: since?.toISOString() ?? null,
    lastZxid: lastZxid === null ? null : formatHex64(lastZxid),
    lagMs,
    rate,
  }
}
