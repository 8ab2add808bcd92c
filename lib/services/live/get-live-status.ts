import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import type { FollowState } from '../follow/views.ts'
import type { LiveStatusView } from './views.ts'

const STATES: readonly FollowState[] = [
  'off',
  'waiting',
  'connecting',
  'catching-up',
  'following',
  'behind',
  'lost',
  'refused',
]

/** Throws NOT_FOUND. */
export async function getLiveStatus(context: ServiceContext, clusterId: string): Promise<LiveStatusView> {
  const { id, name } = await getClusterForWriting(context, clusterId)
  const follow = await context.db.clusterFollow.findUnique({
    where: { clusterId: id },
    select: { enabled: true, state: true, lagMs: true, rate: true },
  })
  const keeping = await context.db.logKeeping.findUnique({
    where: { clusterId: id },
    select: { enabled: true, everySeconds: true },
  })
  return {
    clusterId: id,
    clusterName: name,
    follow: follow?.enabled
      ? { state: STATES.find((each) => each === follow.state) ?? 'waiting', lagMs: follow.lagMs, rate: follow.rate }
      : null,
    logEverySeconds: keeping?.enabled ? keeping.everySeconds : null,
  }
}
