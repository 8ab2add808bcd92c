import type { FollowGap } from '../../adapters/archive/live/follow-sink.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { archiveMemberLogs } from '../engine/archive-member-logs.ts'

const WHY: Readonly<Record<FollowGap['why'], string>> = {
  forgotten: 'The stream was away for longer than the leader remembers transactions',
  'no-state': 'The stream had to begin anew: the tree that it goes on from could not be read any more',
}

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
  await fillFromMembers(context, { cluster, logDir }, gap)
  const closedAt = (await isCovered(context, logDir, gap)) ? new Date(context.clock.now()) : null
  const facts = { toZxid: gap.to, fromAt: gap.fromAt, toAt: new Date(gap.atMs), why: WHY[gap.why], closedAt }
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
  await writeAudit(context.db, context, {
    action: 'logs.archive',
    cluster,
    outcome: 'failed',
    message: `${WHY[gap.why]}: the transactions ${range} are missing, and time travel cannot cross them`,
  })
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
  const { segments, gaps } = await archives.logs.list(logDir)
  const last = segments.at(-1)?.last
  const begins = segments.some(({ first }) => first <= from)
  if (last === undefined || last < to || !begins) return false
  return !gaps.some(
    ({ after, before }) =>
      before > from && after < to && findGap(after, { zxid: before, type: TXN_TYPE.create }) !== null,
  )
}
