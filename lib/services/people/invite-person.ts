import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { hashToken, makeToken } from './invitation-token.ts'
import { invitePersonSchema } from './schemas.ts'

const DAY_MS = 24 * 3600_000

/** Makes a link for one person, once. Its token is given here and never again; a second invitation of the same address replaces the first. */
export async function invitePerson(
  context: ServiceContext,
  input: z.input<typeof invitePersonSchema>,
): Promise<{ readonly token: string; readonly email: string; readonly expiresAt: string }> {
  const { email, role, days } = parseInput(invitePersonSchema, input)
  const token = makeToken()
  const invitationId = context.newId()
  const createdAt = new Date(context.clock.now())
  const expiresAt = new Date(createdAt.getTime() + days * DAY_MS)
  const after = { invitation: invitationId, email, role, expiresAt: expiresAt.toISOString() }
  await mutate(context, { action: 'people.invite', after }, async (tx) => {
    await assertEmailFree(tx, email)
    await tx.invitation.updateMany({
      where: { email, acceptedAt: null, revokedAt: null },
      data: { revokedAt: createdAt },
    })
    await tx.invitation.create({
      data: {
        id: invitationId,
        tokenHash: hashToken(token),
        email,
        role,
        createdById: context.actor.id ?? 'system',
        createdAt,
        expiresAt,
      },
      select: { id: true },
    })
  })
  return { token, email, expiresAt: expiresAt.toISOString() }
}

export async function assertEmailFree(tx: Transaction, email: string): Promise<void> {
  const known = await tx.user.findUnique({ where: { email }, select: { deactivatedAt: true } })
  if (!known) return
  const message = `${email} has an account already`
  throw new ServiceError('NAME_TAKEN', message, {
    unaffected: 'nobody was added',
    remedy: known.deactivatedAt === null ? 'change the role in the list' : 'reactivate that account',
    details: { fields: { email: message } },
  })
}

/** The link cannot be used any more. */
export async function revokeInvitation(context: ServiceContext, invitationId: string): Promise<void> {
  const known = await context.db.invitation.findUnique({
    where: { id: invitationId },
    select: { email: true, role: true },
  })
  if (!known) throw new ServiceError('NOT_FOUND', `There is no invitation ${invitationId}`)
  const before = { invitation: invitationId, email: known.email, role: known.role }
  await mutate(context, { action: 'people.revoke-invitation', before }, async (tx) => {
    const { count } = await tx.invitation.updateMany({
      where: { id: invitationId, acceptedAt: null, revokedAt: null },
      data: { revokedAt: new Date(context.clock.now()) },
    })
    if (count === 0) throw new ServiceError('WRONG_STATE', 'It was used or taken back already')
  })
}
