import { formatErrorLine } from '../../base/errors.ts'
import { getAdminServers } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { findQuorumTarget } from '../follow/quorum-target.ts'

export type BackupSource = 'client' | 'admin' | 'files' | 'observer'

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
    { source: 'observer', unavailable: await findQuorumFault(context, clusterId) },
  ]
}

/** Naming them is the opt-in of an administrator: whoever listens there hears every value, whatever the ACLs say. */
async function findQuorumFault(context: ServiceContext, clusterId: string): Promise<string | null> {
  const target = await findQuorumTarget(context, clusterId)
  return target === null
    ? "no quorum port of this cluster is named; an administrator names them in the cluster's settings (Live stream)"
    : null
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
