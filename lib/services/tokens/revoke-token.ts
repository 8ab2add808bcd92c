import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'

/** It cannot be used any more, from the next request on; what it has started and not begun is refused. Of somebody else, an administrator may. */
export async function revokeToken(context: ServiceContext, tokenId: string): Promise<void> {
  const known = await context.db.apiToken.findUnique({
    where: { id: tokenId },
    select: { name: true, hint: true, userId: true },
  })
  if (!known) throw new ServiceError('NOT_FOUND', `There is no token ${tokenId}`)
  const action = known.userId === context.actor.id ? 'token.revoke' : 'token.revoke-of-others'
  const before = { token: tokenId, name: known.name, hint: known.hint, ownerId: known.userId }
  await mutate(context, { action, before }, async (tx) => {
    const { count } = await tx.apiToken.updateMany({
      where: { id: tokenId, revokedAt: null },
      data: { revokedAt: new Date(context.clock.now()) },
    })
    if (count === 0) throw new ServiceError('WRONG_STATE', `The token ${known.name} was revoked already`)
  })
}
