import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import { type ArchivedLogs, archiveMemberLogs } from '../engine/archive-member-logs.ts'
import { catchUpLogs } from './catch-up.ts'
import { logFolder } from './log-folder.ts'

/**
 * One run of the keeping: everything that the members' logs hold and the cluster has committed goes into the store. A gap that no member
 * fills is put on record: time travel cannot cross it.
 */
export async function archiveLogs(context: ServiceContext, clusterId: string): Promise<ArchivedLogs> {
  const { clusterName } = await getClusterTarget(context, clusterId)
  const members = await listClusterMembers(context, clusterId)
  // The end of a log may hold what was proposed and never committed; what a server has answered with is committed.
  const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
  const upTo = await connection.sync(ROOT)
  const after = await catchUpLogs(context, { id: clusterId, name: clusterName })
  const archived = await archiveMemberLogs(await encryptingFor(context, clusterId), {
    members,
    dir: logFolder(context, clusterName),
    upTo,
    after,
  })
  for (const { after, before } of archived.gaps) {
    await writeAudit(context.db, context, {
      action: 'logs.archive',
      cluster: { id: clusterId, name: clusterName },
      outcome: 'failed',
      message: `No member holds the transactions between ${formatHex64(after)} and ${formatHex64(before)} any more: time travel cannot cross them`,
    })
  }
  if (archived.transactions > 0) {
    context.log.debug(
      { cluster: clusterName, last: archived.last === null ? null : formatHex64(archived.last) },
      `Archived ${countOf(archived.transactions, 'transaction')}`,
    )
  }
  return archived
}
