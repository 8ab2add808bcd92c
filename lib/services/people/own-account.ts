import type { z } from 'zod'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { lookPast } from '../seen-by.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'
import { assertPasswordHardToGuess } from './password-rules.ts'
import { changePasswordSchema } from './schemas.ts'
import type { SessionView } from './views.ts'

/** Wrong passwords of one person: enough for a slip of the hand, too few to guess one from a session that was left open. */
const WRONG_PASSWORDS = { max: 10, windowMs: 15 * 60_000 }

/** Where somebody is signed in, the latest first. Tokens stay where they are. */
export async function listSessions(context: ServiceContext, thisSessionId: string): Promise<SessionView[]> {
  const rows = await context.db.session.findMany({
    where: { userId: idOf(context), expiresAt: { gt: new Date(context.clock.now()) } },
    orderBy: { updatedAt: 'desc' },
    take: 100,
    select: { id: true, ipAddress: true, userAgent: true, createdAt: true, updatedAt: true },
  })
  return rows.map(({ id, ipAddress, userAgent, createdAt, updatedAt }) => ({
    id,
    isThis: id === thisSessionId,
    ip: ipAddress || null,
    userAgent: userAgent || null,
    createdAt: createdAt.toISOString(),
    seenAt: updatedAt.toISOString(),
  }))
}

/** Without one somebody comes in through single sign-on only. */
export async function hasPassword(context: ServiceContext): Promise<boolean> {
  const where = { userId: idOf(context), providerId: 'credential', password: { not: null } }
  return (await context.db.account.count({ where })) > 0
}

/** Ends one of somebody's own sessions, or with `all` every one but the given. */
export async function revokeSessions(
  context: ServiceContext,
  which: { readonly sessionId: string } | { readonly allBut: string },
): Promise<void> {
  const userId = idOf(context)
  await mutate(context, { action: 'session.revoke', before: { userId } }, async (tx, record) => {
    const id = 'allBut' in which ? { not: which.allBut } : which.sessionId
    const { count } = await tx.session.deleteMany({ where: { userId, id } })
    if (count === 0 && 'sessionId' in which) throw new ServiceError('NOT_FOUND', 'That session has ended already')
    record({ after: { sessionsEnded: count } })
  })
}

/** Needs the password of now, and ends every other session. */
export async function changePassword(
  context: ServiceContext,
  input: z.input<typeof changePasswordSchema> & { readonly thisSessionId: string },
): Promise<void> {
  const { current, password } = parseInput(changePasswordSchema, input)
  const userId = idOf(context)
  await assertNotGuessing(context)
  const where = { userId, providerId: 'credential' }
  const account = await context.db.account.findFirst({ where, select: { id: true, password: true } })
  if (!account?.password) {
    throw new ServiceError('WRONG_STATE', 'You have no password here: you sign in through single sign-on', {
      unaffected: 'nothing was changed',
      remedy: 'change it at the provider',
    })
  }
  if (!(await verifyPassword({ hash: account.password, password: current }))) {
    const message = 'This is not your password of now'
    await writeAudit(context.db, context, { action: 'session.change-password', outcome: 'denied', message })
    throw new ServiceError('INVALID_INPUT', message, {
      unaffected: 'the password stays',
      details: { fields: { current: message } },
    })
  }
  const person = await context.db.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true, name: true } })
  assertPasswordHardToGuess(password, person)
  const passwordHash = await hashPassword(password)
  await mutate(context, { action: 'session.change-password' }, async (tx, record) => {
    await tx.account.update({ where: { id: account.id }, data: { password: passwordHash }, select: { id: true } })
    const { count } = await tx.session.deleteMany({ where: { userId, id: { not: input.thisSessionId } } })
    record({ after: { sessionsEnded: count } })
  })
}

async function assertNotGuessing(context: ServiceContext): Promise<void> {
  const where = {
    action: 'session.change-password',
    at: { gte: new Date(context.clock.now() - WRONG_PASSWORDS.windowMs) },
    outcome: 'denied',
    actorId: idOf(context),
  }
  const failures = await lookPast(() => context.db.auditEntry.count({ where }))
  if (failures < WRONG_PASSWORDS.max) return
  throw new ServiceError('TOO_MANY', 'There were too many wrong passwords', {
    unaffected: 'the password stays',
    remedy: 'wait a quarter of an hour',
  })
}

function idOf({ actor }: ServiceContext): string {
  if (actor.id !== null) return actor.id
  throw new ServiceError('FORBIDDEN', 'Only a person has sessions and a password')
}
