import type { ServiceContext } from '../context.ts'
import { isRoleEnough, roleAt } from '../policy.ts'
import { toScopes } from './token-scopes.ts'
import type { TokenView } from './views.ts'

/** Older ones that do not work any more are of interest to the audit only. */
const ROWS_MAX = 200

/** One's own, and everybody's for who may revoke them; the latest first. */
export async function listTokens(context: ServiceContext): Promise<TokenView[]> {
  const { actor, db } = context
  const seesAll = isRoleEnough(roleAt(actor, null), 'token.revoke-of-others')
  const rows = await db.apiToken.findMany({
    where: seesAll ? {} : { userId: actor.id ?? '' },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: ROWS_MAX,
    omit: { tokenHash: true },
  })
  const owners = await db.user.findMany({
    where: { id: { in: [...new Set(rows.map((row) => row.userId))] } },
    select: { id: true, name: true, deactivatedAt: true },
  })
  const clusterIds = rows.flatMap((row) => toClusterIds(row.clusterIds) ?? [])
  const clusters = await db.cluster.findMany({
    where: { id: { in: [...new Set(clusterIds)] } },
    select: { id: true, name: true },
  })
  const nowMs = context.clock.now()
  return rows.map((row) => {
    const owner = owners.find(({ id }) => id === row.userId)
    const limit = toClusterIds(row.clusterIds)
    return {
      id: row.id,
      name: row.name,
      hint: row.hint,
      ownerName: owner?.name ?? 'somebody who is not there any more',
      isYours: row.userId === actor.id,
      scopes: toScopes(row.scopes),
      clusters: limit?.map((id) => clusters.find((cluster) => cluster.id === id)?.name ?? id) ?? null,
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt.toISOString(),
      lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
      lastUsedIp: row.lastUsedIp,
      state: stateOf({ ...row, ownerActive: owner !== undefined && owner.deactivatedAt === null }, nowMs),
    }
  })
}

/** Null: no limit. What cannot be read limits to nothing. */
export function toClusterIds(json: unknown): string[] | null {
  if (json === null || json === undefined) return null
  return Array.isArray(json) ? json.filter((id) => typeof id === 'string') : []
}

export function stateOf(
  token: { readonly revokedAt: Date | null; readonly expiresAt: Date; readonly ownerActive: boolean },
  nowMs: number,
): TokenView['state'] {
  if (token.revokedAt !== null) return 'revoked'
  if (token.expiresAt.getTime() <= nowMs) return 'expired'
  return token.ownerActive ? 'works' : 'owner-deactivated'
}
