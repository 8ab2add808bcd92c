import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { isHeard } from '../follow/judge-follow.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { archiveLogs } from './archive-logs.ts'

/** How long a run owns its cluster without a word; a run that takes longer may be joined by another, which does no harm. */
const LEASE_MS = 10 * 60_000

/**
 * Runs the keeping of one cluster that is due, as `owner`; false when none is. Several workers may ask at once: a row is taken by a guarded
 * update. A failure is kept in the row for people to see, and the next run is due as usual.
 */
export async function runDueLogs(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isFree = leaseIsFree(now)
  const due = await db.logKeeping.findFirst({
    where: { enabled: true, nextRunAt: { lte: now }, ...isFree },
    orderBy: { nextRunAt: 'asc' },
    select: { clusterId: true, everySeconds: true },
  })
  if (!due) return false
  const { clusterId, everySeconds } = due
  const { count } = await db.logKeeping.updateMany({
    where: { clusterId, enabled: true, nextRunAt: { lte: now }, ...isFree },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS), lastRunAt: now },
  })
  if (count === 0) return true

  const outcome = await run(context, clusterId)
  await db.logKeeping.updateMany({
    where: { clusterId, leaseOwner: owner },
    data: {
      ...outcome,
      leaseOwner: null,
      leaseUntil: null,
      nextRunAt: new Date(clock.now() + everySeconds * 1000),
    },
  })
  return true
}

async function run(context: ServiceContext, clusterId: string) {
  try {
    // One writer: as long as the stream is heard, it keeps all that the members' files would give, and sooner.
    const follow = await context.db.clusterFollow.findUnique({ where: { clusterId } })
    if (follow !== null && isHeard(follow, context.clock.now())) {
      return { lastOkAt: new Date(context.clock.now()), lastZxid: follow.lastZxid, error: null }
    }
    const { last, coverage } = await archiveLogs(context, clusterId)
    return {
      lastOkAt: new Date(context.clock.now()),
      lastZxid: last,
      error: null,
      coverage: JSON.stringify(
        coverage.map((one) => ({ ...one, first: one.first === null ? null : formatHex64(one.first) })),
      ),
    }
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'CANCELLED') return {}
    const id = context.newId()
    context.log.warn({ id, clusterId, error: formatErrorLine(error) }, 'The transaction log could not be archived')
    return { error: JSON.stringify(describeFailure(error, id)) }
  }
}
