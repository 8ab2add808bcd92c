import type { z } from 'zod'
import { writeAudit } from '../audit/write-audit.ts'
import type { Role, ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { toRole } from '../policy.ts'
import { lookPast } from '../seen-by.ts'
import { addPerson } from './add-person.ts'
import { hashToken } from './invitation-token.ts'
import { assertEmailFree } from './invite-person.ts'
import { hashPassword } from './password-hash.ts'
import { assertPasswordHardToGuess } from './password-rules.ts'
import { acceptInvitationSchema } from './schemas.ts'
import type { OpenInvitationView } from './views.ts'

/** As many as sign-in allows one address in a minute. */
const WRONG_LINKS = { max: 20, windowMs: 60_000 }

interface OpenInvitation {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly expiresAt: Date
}

/** What a link offers, before it is used. Throws NOT_FOUND for a link that cannot be used, whatever the cause: it tells nothing. */
export async function getInvitation(context: ServiceContext, token: string): Promise<OpenInvitationView> {
  const { email, role, expiresAt } = await getOpenInvitation(context, token)
  return { email, role, expiresAt: expiresAt.toISOString() }
}

/** Makes the account that the link is for, once. Nobody is signed in for this: the token is the right. */
export async function acceptInvitation(
  context: ServiceContext,
  input: z.input<typeof acceptInvitationSchema>,
): Promise<{ readonly email: string }> {
  const { token, name, password } = parseInput(acceptInvitationSchema, input)
  const { id, email, role } = await getOpenInvitation(context, token)
  const userId = context.newId()
  assertPasswordHardToGuess(password, { email, name })
  // Hashing takes a fifth of a second, too long to hold the database's write lock.
  const passwordHash = await hashPassword(password)
  const after = { invitation: id, userId, email, name, role }
  await mutate(context, { action: 'people.accept-invitation', after }, async (tx) => {
    const now = new Date(context.clock.now())
    const { count } = await tx.invitation.updateMany({
      where: { id, acceptedAt: null, revokedAt: null, expiresAt: { gt: now } },
      data: { acceptedAt: now, userId },
    })
    if (count === 0) throw notOpen()
    await assertEmailFree(tx, email)
    await addPerson(context, tx, { userId, name, email, role, passwordHash })
  })
  return { email }
}

async function getOpenInvitation(context: ServiceContext, token: string): Promise<OpenInvitation> {
  await assertNotGuessing(context)
  const row = await context.db.invitation.findUnique({
    where: { tokenHash: hashToken(token) },
    select: { id: true, email: true, role: true, expiresAt: true, acceptedAt: true, revokedAt: true },
  })
  const isOpen =
    row && row.acceptedAt === null && row.revokedAt === null && row.expiresAt.getTime() > context.clock.now()
  if (isOpen) return { ...row, role: toRole(row.role) }
  await writeAudit(context.db, context, {
    action: 'people.accept-invitation',
    outcome: 'denied',
    after: row ? { invitation: row.id } : null,
    message: 'The link cannot be used',
  })
  throw notOpen()
}

async function assertNotGuessing({ db, clock, actor }: ServiceContext): Promise<void> {
  const where = {
    action: 'people.accept-invitation',
    at: { gte: new Date(clock.now() - WRONG_LINKS.windowMs) },
    outcome: 'denied',
    ip: actor.ip ?? null,
  }
  const failures = await lookPast(() => db.auditEntry.count({ where }))
  if (failures < WRONG_LINKS.max) return
  throw new ServiceError('TOO_MANY', 'There were too many attempts from this address', {
    unaffected: 'nobody was added',
    remedy: 'wait a minute, then try again',
  })
}

function notOpen(): ServiceError {
  return new ServiceError('NOT_FOUND', 'This link cannot be used: it was used, was taken back, or has expired', {
    unaffected: 'nobody was added',
    remedy: 'ask an administrator for another one',
  })
}
