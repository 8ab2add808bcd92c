import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { isHeard } from '../follow/judge-follow.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { whileRenewing } from '../while-renewing.ts'
import { archiveLogs } from './archive-logs.ts'

/** What a killed worker was at waits that long: until then nothing of that cluster's log is kept. */
const LEASE_MS = 45_000
const RENEW_MS = 10_000

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
  const lease = () => ({ leaseOwner: owner, leaseUntil: new Date(clock.now() + LEASE_MS) })
  const { count } = await db.logKeeping.updateMany({
    where: { clusterId, enabled: true, nextRunAt: { lte: now }, ...isFree },
    data: { ...lease(), lastRunAt: now },
  })
  if (count === 0) return true

  const mine = { clusterId, leaseOwner: owner }
  const renew = async () => (await db.logKeeping.updateMany({ where: mine, data: lease() })).count > 0
  const outcome = await whileRenewing(context, { everyMs: RENEW_MS, renew }, (ours) => run(ours, clusterId))
  await db.logKeeping.updateMany({
    where: mine,
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
