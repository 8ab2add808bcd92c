import { isArkeeperError } from '../../base/errors.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import { toBackupViews } from '../backups/to-backup-view.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { ServiceError } from '../errors.ts'
import type { PhysicalDefaults } from './views.ts'

/** What is known of the servers without asking them. Throws NOT_FOUND for a backup or cluster that is gone. */
export async function getPhysicalDefaults(context: ServiceContext, backupId: string): Promise<PhysicalDefaults> {
  const backup = await getBackupRow(context, backupId)
  const { label } = await describeTreeRef(context, `backup:${backupId}`)
  const cluster = await context.db.cluster.findFirst({
    where: { id: backup.clusterId, removedAt: null },
    select: { name: true, connectString: true },
  })
  if (!cluster) {
    throw new ServiceError('NOT_FOUND', `The cluster ${backup.clusterName} was removed`, {
      remedy: 'add it again and take the backup from the store, or use the files of the backup by hand',
    })
  }
  const { members, fault } = await findMembers(context, backup.clusterId)
  const { servers } = splitConnectString(cluster.connectString)
  return {
    backupId,
    backupLabel: label,
    clusterId: backup.clusterId,
    clusterName: cluster.name,
    members: members.map(({ name, stop, start }) => ({ name, hasCommands: stop !== null && start !== null })),
    membersFault: fault,
    servers: servers.split(',').map((server) => server.trim()),
    places: (await toBackupViews(context, [backup]))[0]?.places ?? [],
    adminServers: (await getAdminTargets(context, backup.clusterId)).length,
  }
}

async function findMembers(context: ServiceContext, clusterId: string) {
  try {
    return { members: await listClusterMembers(context, clusterId), fault: null }
  } catch (error) {
    if (!isArkeeperError(error) || !error.code.startsWith('CONFIG_')) throw error
    return { members: [], fault: error.message }
  }
}
