import type { Actor, ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { findClusterRoles } from '../people/find-cluster-roles.ts'
import { roleAt, toRole } from '../policy.ts'
import { stateOf, toClusterIds } from './list-tokens.ts'
import { hashApiToken, isApiToken } from './token-format.ts'
import { toScopes } from './token-scopes.ts'

interface Lookup {
  readonly db: Pick<ServiceContext['db'], 'apiToken' | 'user' | 'clusterRole'>
  readonly clock: ServiceContext['clock']
}
const USE_WRITTEN_EVERY_MS = 60_000

/** Who acts by this token, with the roles that its owner has now. Throws SIGNED_OUT for whatever does not work, and says no more than that. */
export async function findTokenActor(context: Lookup, token: string, ip: string | null): Promise<Actor> {
  const row = isApiToken(token) ? await findToken(context.db, { tokenHash: hashApiToken(token) }) : null
  if (!row || stateOf(row, context.clock.now()) !== 'works') throw tokenRefused()
  await writeUse(context, row, ip)
  return { ...row.actor, ...(ip === null ? {} : { ip }) }
}

/**
 * Who acts in a job that a token has asked for. That it has expired meanwhile ends nothing that it has begun; that it was revoked does.
 * Null: not any more.
 */
export async function findActorOfJob(db: Lookup['db'], tokenId: string): Promise<Actor | null> {
  const row = await findToken(db, { id: tokenId })
  return row?.ownerActive && row.revokedAt === null ? row.actor : null
}

export function tokenRefused(): ServiceError {
  return new ServiceError('SIGNED_OUT', 'This needs an API token that works', {
    unaffected: 'nothing was changed',
    remedy: 'make one on your account page and send it as "Authorization: Bearer ark_…"',
  })
}

async function findToken(db: Lookup['db'], where: { readonly tokenHash: string } | { readonly id: string }) {
  const row = await db.apiToken.findUnique({ where })
  if (!row) return null
  const owner = await db.user.findUnique({
    where: { id: row.userId },
    select: { id: true, name: true, role: true, deactivatedAt: true },
  })
  if (!owner) return null
  const person: Actor = {
    kind: 'user',
    id: owner.id,
    name: owner.name,
    role: toRole(owner.role),
    clusterRoles: await findClusterRoles(db, owner.id),
  }
  const token = { id: row.id, name: row.name, scopes: toScopes(row.scopes) }
  const { expiresAt, revokedAt, lastUsedAt } = row
  return {
    expiresAt,
    revokedAt,
    lastUsedAt,
    ownerActive: owner.deactivatedAt === null,
    actor: limitTo({ ...person, token }, toClusterIds(row.clusterIds)),
  }
}

/** Beyond its clusters a limited token sees nothing, and whatever concerns no cluster is beyond them. */
function limitTo(actor: Actor, clusterIds: readonly string[] | null): Actor {
  if (clusterIds === null) return actor
  return { ...actor, role: 'none', clusterRoles: Object.fromEntries(clusterIds.map((id) => [id, roleAt(actor, id)])) }
}

/** Once a minute at most: a busy program must not make the database busy. */
async function writeUse(
  { db, clock }: Lookup,
  { actor, lastUsedAt }: { readonly actor: Actor; readonly lastUsedAt: Date | null },
  ip: string | null,
): Promise<void> {
  const nowMs = clock.now()
  const before = new Date(nowMs - USE_WRITTEN_EVERY_MS)
  if (!actor.token || (lastUsedAt !== null && lastUsedAt > before)) return
  await db.apiToken.updateMany({
    where: { id: actor.token.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] },
    data: { lastUsedAt: new Date(nowMs), lastUsedIp: ip },
  })
}
