import type { SingleSignOnSettings } from '../../adapters/oidc/single-sign-on.ts'
import type { Role } from '../context.ts'

const ASCENDING: readonly Role[] = ['none', 'viewer', 'operator', 'admin']

export interface ProviderRoles {
  readonly overall: Role
  /** By cluster name; only clusters at which a group of this person is mapped. */
  readonly atClusters: ReadonlyMap<string, Role>
  /** At least one of them lets somebody see something. */
  readonly hasAccess: boolean
}

/** What the groups of somebody come to. Of several roles in one place the highest counts. */
export function rolesOfGroups(
  { roles, clusterRoles }: Pick<SingleSignOnSettings, 'roles' | 'clusterRoles'>,
  groups: readonly string[],
): ProviderRoles {
  const overall = highest(roles, groups) ?? 'none'
  const atClusters = new Map<string, Role>()
  for (const [cluster, mapping] of Object.entries(clusterRoles)) {
    const role = highest(mapping, groups)
    if (role !== null) atClusters.set(cluster, role)
  }
  return { overall, atClusters, hasAccess: [overall, ...atClusters.values()].some((role) => role !== 'none') }
}

function highest(mapping: Readonly<Record<string, Role>>, groups: readonly string[]): Role | null {
  let found = -1
  for (const group of groups) {
    if (Object.hasOwn(mapping, group)) found = Math.max(found, ASCENDING.indexOf(mapping[group] ?? 'none'))
  }
  return ASCENDING[found] ?? null
}
