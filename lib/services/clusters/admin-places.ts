import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { ServiceContext } from '../context.ts'
import { getAdminTargets } from './admin-servers.ts'
import { listClusterMembers } from './cluster-members.ts'

/** One server, by its directories, by its AdminServer, or by both. */
export interface ServerPlace {
  readonly name: string
  readonly member: Member | null
  readonly target: AdminTarget | null
}

/** Throws NOT_FOUND, and MembersError for a configuration file with faults. */
export async function listAdminPlaces(
  context: Pick<ServiceContext, 'db' | 'secrets' | 'members'>,
  clusterId: string,
): Promise<ServerPlace[]> {
  const [members, targets] = await Promise.all([
    listClusterMembers(context, clusterId),
    getAdminTargets(context, clusterId),
  ])
  return joinPlaces(members, targets)
}

/** A member's own `adminUrl` joins it with the AdminServer of the settings, which has credentials and certificates. */
export function joinPlaces(members: readonly Member[], targets: readonly AdminTarget[]): ServerPlace[] {
  const left = new Map(targets.map((target) => [normalUrl(target.url), target]))
  const places = members.map((member): ServerPlace => {
    if (member.adminUrl === null) return { name: member.name, member, target: null }
    const url = normalUrl(member.adminUrl)
    const target = left.get(url) ?? { url: member.adminUrl }
    left.delete(url)
    return { name: member.name, member, target }
  })
  return [...places, ...[...left.values()].map((target) => ({ name: target.url, member: null, target }))]
}

function normalUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+(commands\/*)?$/, '') : url
}
