import type { FollowGap, GapReason } from '../../adapters/archive/live/follow-sink.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { counterOf, findGap } from '../../domain/txnlog/continuity.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { archiveMemberLogs } from '../engine/archive-member-logs.ts'

const WHY: Readonly<Record<GapReason, string>> = {
  forgotten: 'The connection was lost for longer than the leader remembers transactions',
  away: 'Nobody listened for longer than the leader remembers transactions: it was switched off, or no worker ran',
  'lost-here':
    'What was kept here is gone or cannot be read (files were lost, another folder, an older one put back), and the leader has forgotten what came behind it',
  keys: 'The keys to what was kept are not here, so that the stream had to begin anew',
  begins: 'The stream began: what is kept before it came from the members’ logs',
  restored:
    'The ensemble was put back to an older state: what is kept of its past ends here, and it went on from another',
}

const PERHAPS =
  'Perhaps nothing is missing: an election lies in between, and what was written before it cannot be told. '

interface Followed {
  readonly cluster: { readonly id: string; readonly name: string }
  readonly logDir: string
}

/** Puts a gap on record. Members whose files this host reads may still hold what the leader has forgotten: then it is closed at once. */
export async function recordGap(
  context: ServiceContext,
  { cluster, logDir }: Followed,
  gap: FollowGap & { readonly fromAt: Date | null },
): Promise<void> {
  const { isCertain } = gap
  // What the members have behind a restore does not follow on what is kept, whatever the numbers say.
  const isFillable = isCertain && gap.why !== 'restored'
  if (isFillable) await fillFromMembers(context, { cluster, logDir }, gap)
  const closedAt = isFillable && (await isCovered(context, logDir, gap)) ? new Date(context.clock.now()) : null
  const facts = {
    toZxid: gap.to,
    fromAt: gap.fromAt,
    toAt: new Date(gap.atMs),
    why: `${isCertain ? '' : PERHAPS}${WHY[gap.why]}`,
    isCertain,
    closedAt,
  }
  await context.db.followGap.upsert({
    where: { clusterId_fromZxid: { clusterId: cluster.id, fromZxid: gap.from } },
    create: { id: context.newId(), clusterId: cluster.id, fromZxid: gap.from, ...facts },
    update: facts,
    select: { id: true },
  })
  const range = `${formatHex64(gap.from)} to ${formatHex64(gap.to)}`
  if (closedAt !== null) {
    context.log.info({ clusterId: cluster.id }, `The stream has missed ${range}; the members' logs held it`)
    return
  }
  if (!isCertain) return
  await writeAudit(context.db, context, {
    action: 'logs.archive',
    cluster,
    outcome: 'failed',
    message: `${WHY[gap.why]}: the transactions ${range} are missing, and time travel cannot cross them`,
  })
}

/** The tree that came was what the transactions before it had come to. */
export async function forgetGap(context: ServiceContext, clusterId: string, { from }: FollowGap): Promise<void> {
  await context.db.followGap.deleteMany({ where: { clusterId, fromZxid: from, isCertain: false } })
}

async function fillFromMembers(context: ServiceContext, { cluster, logDir }: Followed, gap: FollowGap): Promise<void> {
  try {
    const members = await listClusterMembers(context, cluster.id)
    if (members.length > 0) await archiveMemberLogs(context, { members, dir: logDir, upTo: gap.to })
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    context.log.info(
      { clusterId: cluster.id, error: formatErrorLine(error) },
      'What the stream has missed could not be read from the members',
    )
  }
}

/** Whether the pieces go without a gap from before it to behind it. */
async function isCovered(
  { archives }: Pick<ServiceContext, 'archives'>,
  logDir: string,
  { from, to }: FollowGap,
): Promise<boolean> {
  // What an epoch lost at its end is missing though numbers go on behind it.
  if (counterOf(to) === 0n) return false
  const { segments, gaps } = await archives.logs.list(logDir)
  const last = segments.at(-1)?.last
  const begins = segments.some(({ first }) => first <= from)
  if (last === undefined || last < to || !begins) return false
  return !gaps.some(
    ({ after, before }) =>
      before > from && after < to && findGap(after, { zxid: before, type: TXN_TYPE.create }) !== null,
  )
}
