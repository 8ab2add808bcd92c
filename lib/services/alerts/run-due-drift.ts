import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { IgnoreRules } from '../../domain/diff/ignore-rules.ts'
import type { ServiceContext } from '../context.ts'
import { diffSources } from '../engine/diff-sources.ts'
import { freezeIgnoreRules } from '../ignore-rules/list-ignore-rules.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { openTree } from '../tree/open-tree.ts'
import { whileRenewing } from '../while-renewing.ts'

const LEASE_MS = 2 * 60_000
const RENEW_MS = 30_000
const ERROR_CHARACTERS_MAX = 500

/**
 * Measures how far one cluster that is due is from its baseline, as `owner`; false when none is. One pass over both trees that keeps
 * counts and nothing else: whoever wants to see what differs makes a diff. A row is taken by a guarded update, and what a worker finds that
 * lost its lease meanwhile is not stored.
 */
export async function runDueDrift(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = { enabled: true, nextRunAt: { lte: now }, ...leaseIsFree(now) }
  const due = await db.driftWatch.findFirst({
    where: isDue,
    orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
  })
  if (!due) return false
  const { clusterId, backupId, path } = due
  const lease = () => ({ leaseOwner: owner, leaseUntil: new Date(clock.now() + LEASE_MS) })
  const { count } = await db.driftWatch.updateMany({
    where: { ...isDue, clusterId, nextRunAt: due.nextRunAt },
    data: { ...lease(), lastRunAt: now },
  })
  if (count === 0) return true
  const mine = { clusterId, leaseOwner: owner, backupId, path }
  const renew = async () => (await db.driftWatch.updateMany({ where: mine, data: lease() })).count > 0
  await whileRenewing(context, { everyMs: RENEW_MS, renew }, async (ours) => {
    const outcome = await measure(ours, due)
    const nextRunAt = new Date(clock.now() + due.everyMinutes * 60_000)
    await db.driftWatch.updateMany({ where: mine, data: { ...outcome, leaseOwner: null, leaseUntil: null, nextRunAt } })
  })
  return true
}

async function measure(context: ServiceContext, watch: { clusterId: string; backupId: string; path: string }) {
  try {
    const counts = await countDrift(context, watch)
    return { ...counts, lastOkAt: new Date(context.clock.now()), error: null }
  } catch (error) {
    // Stopped in the middle: the next worker begins anew at once.
    if (context.signal?.aborted) throw error
    context.log.warn({ clusterId: watch.clusterId, error: formatErrorLine(error) }, 'The drift could not be measured')
    const text = isArkeeperError(error) ? formatErrorLine(error) : 'an unexpected failure, described in the log'
    return { error: text.slice(0, ERROR_CHARACTERS_MAX) }
  }
}

async function countDrift(
  context: ServiceContext,
  { clusterId, backupId, path }: { clusterId: string; backupId: string; path: string },
) {
  const rules = new IgnoreRules(await freezeIgnoreRules(context, clusterId))
  const left = await openTree(context, { kind: 'backup', backupId })
  try {
    const right = await openTree(context, { kind: 'live', clusterId })
    try {
      const diff = diffSources({
        left: left.reader,
        right: right.reader,
        path,
        includeEphemerals: false,
        signal: context.signal,
        onUnreadable: () => undefined,
      })
      const tally = { added: 0, removed: 0, changed: 0, ignored: 0 }
      for await (const changes of diff.changes) {
        for (const change of changes) {
          if (rules.find(change)) tally.ignored++
          else tally[change.change]++
        }
      }
      return { ...tally, compared: diff.counts().compared }
    } finally {
      await right.release()
    }
  } finally {
    await left.release()
  }
}
