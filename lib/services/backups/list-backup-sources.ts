import { formatErrorLine } from '../../base/errors.ts'
import { getAdminServers } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'

export type BackupSource = 'client' | 'admin' | 'files'

export interface BackupSourceView {
  readonly source: BackupSource
  /** Why it cannot be used, and what to do; null when it can. */
  readonly unavailable: string | null
}

/** The ways in which a backup of this cluster can be taken. Nothing is asked: a source that is configured may still fail. */
export async function listBackupSources(context: ServiceContext, clusterId: string): Promise<BackupSourceView[]> {
  const admin = await getAdminServers(context, clusterId)
  return [
    { source: 'client', unavailable: null },
    {
      source: 'admin',
      unavailable:
        admin.urls.length > 0 ? null : "the cluster has no AdminServer; give its address in the cluster's settings",
    },
    { source: 'files', unavailable: await findFilesFault(context, clusterId) },
  ]
}

async function findFilesFault(context: ServiceContext, clusterId: string): Promise<string | null> {
  try {
    const members = await listClusterMembers(context, clusterId)
    return members.length > 0
      ? null
      : "no member's directory is named in the configuration file of the Arkeeper server (README, Members)"
  } catch (error) {
    return formatErrorLine(error)
  }
}
