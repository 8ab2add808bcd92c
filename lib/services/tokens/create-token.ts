import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { roleAt } from '../policy.ts'
import { createTokenSchema } from './schemas.ts'
import { hashApiToken, hintOfApiToken, makeApiToken } from './token-format.ts'

const HOUR_MS = 3600_000
/** Working ones of one person: more than anybody keeps an eye on. */
const TOKENS_MAX = 50

/** Makes a token for whoever is signed in. It is given here and never again. */
export async function createToken(
  context: ServiceContext,
  input: z.input<typeof createTokenSchema>,
): Promise<{ readonly tokenId: string; readonly token: string; readonly name: string; readonly expiresAt: string }> {
  const { name, hours, scopes, clusterIds } = parseInput(createTokenSchema, input)
  const userId = ownerOf(context)
  const clusters = clusterIds === null ? null : await findClusters(context, clusterIds)
  const token = makeApiToken()
  const tokenId = context.newId()
  const createdAt = new Date(context.clock.now())
  const expiresAt = new Date(createdAt.getTime() + hours * HOUR_MS)
  const after = {
    token: tokenId,
    name,
    scopes: [...new Set(scopes)],
    // Everybody reads this entry, also who does not see every cluster: ids, not names.
    clusters: clusters?.map(({ id }) => id) ?? 'all',
    expiresAt: expiresAt.toISOString(),
  }
  await mutate(context, { action: 'token.create', after }, async (tx) => {
    await assertRoom(tx, { userId, name, now: createdAt })
    await tx.apiToken.create({
      data: {
        id: tokenId,
        name,
        userId,
        tokenHash: hashApiToken(token),
        hint: hintOfApiToken(token),
        scopes: after.scopes,
        ...(clusters ? { clusterIds: clusters.map(({ id }) => id) } : {}),
        createdAt,
        expiresAt,
      },
      select: { id: true },
    })
  })
  return { tokenId, token, name, expiresAt: expiresAt.toISOString() }
}

function ownerOf({ actor }: ServiceContext): string {
  if (actor.id !== null) return actor.id
  throw new ServiceError('FORBIDDEN', 'Only a person has API tokens')
}

async function findClusters(context: ServiceContext, ids: readonly string[]) {
  const rows = await context.db.cluster.findMany({
    where: { id: { in: [...ids] }, removedAt: null },
    select: { id: true, name: true },
  })
  const seen = rows.filter(({ id }) => roleAt(context.actor, id) !== 'none')
  const missing = ids.find((id) => !seen.some((row) => row.id === id))
  if (missing === undefined) return seen
  const message = `There is no cluster ${missing}`
  throw new ServiceError('INVALID_INPUT', message, {
    unaffected: 'no token was made',
    details: { fields: { clusterIds: message } },
  })
}

async function assertRoom(tx: Transaction, wanted: { userId: string; name: string; now: Date }): Promise<void> {
  const works = { userId: wanted.userId, revokedAt: null, expiresAt: { gt: wanted.now } }
  const sameName = await tx.apiToken.findFirst({ where: { ...works, name: wanted.name }, select: { id: true } })
  if (sameName) {
    const message = `You have a token of the name ${wanted.name}`
    throw new ServiceError('NAME_TAKEN', message, {
      unaffected: 'no token was made',
      remedy: 'take another name, so that the audit can tell them apart, or revoke that one first',
      details: { fields: { name: message } },
    })
  }
  if ((await tx.apiToken.count({ where: works })) < TOKENS_MAX) return
  throw new ServiceError('TOO_MANY', `You have ${TOKENS_MAX} tokens that work`, {
    unaffected: 'no token was made',
    remedy: 'revoke those that nothing uses any more',
  })
}
