import type { z } from 'zod'
import { actionOf } from '../approvals/approval-rules.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import type { Role, ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { isRoleEnough, toRole } from '../policy.ts'
import { setRoleSchema } from './schemas.ts'

/** Takes effect with the next request of that person. What they asked for or approved and could not any more is void. */
export async function setRole(context: ServiceContext, input: z.input<typeof setRoleSchema>): Promise<void> {
  const { userId, role } = parseInput(setRoleSchema, input)
  const known = await getPerson(context, userId)
  const mutation = {
    action: 'people.set-role',
    before: { userId, name: known.name, role: known.role },
    after: { role },
  } as const
  await mutate(context, mutation, async (tx, record) => {
    const before = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { role: true } })
    record({ before: { role: before.role } })
    if (before.role === 'admin' && role !== 'admin') await assertOtherAdministrator(tx, userId)
    await tx.user.update({ where: { id: userId }, data: { role }, select: { id: true } })
    await withdrawWhatNeeds(context, tx, { userId, name: known.name, role })
  })
}

/** No sign-in any more, and every session ends at once. Nothing is removed: the audit goes on to name them. */
export async function deactivatePerson(context: ServiceContext, userId: string): Promise<void> {
  const known = await getPerson(context, userId)
  const before = { userId, name: known.name, role: known.role }
  await mutate(context, { action: 'people.deactivate', before }, async (tx, record) => {
    const { role } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { role: true } })
    record({ before: { role } })
    if (toRole(role) === 'admin') await assertOtherAdministrator(tx, userId)
    const { count } = await tx.user.updateMany({
      where: { id: userId, deactivatedAt: null },
      data: { deactivatedAt: new Date(context.clock.now()) },
    })
    if (count === 0) throw new ServiceError('WRONG_STATE', `${known.name} is deactivated already`)
    const sessions = await tx.session.deleteMany({ where: { userId } })
    record({ after: { sessionsEnded: sessions.count } })
    await withdrawWhatNeeds(context, tx, { userId, name: known.name, role: null })
  })
}

/** May sign in again, with the password and the role of before. What was void stays void. */
export async function reactivatePerson(context: ServiceContext, userId: string): Promise<void> {
  const known = await getPerson(context, userId)
  const after = { userId, name: known.name, role: known.role }
  await mutate(context, { action: 'people.reactivate', after }, async (tx) => {
    const { count } = await tx.user.updateMany({
      where: { id: userId, deactivatedAt: { not: null } },
      data: { deactivatedAt: null },
    })
    if (count === 0) throw new ServiceError('WRONG_STATE', `${known.name} is active already`)
  })
}

async function getPerson(
  context: Pick<ServiceContext, 'db'>,
  userId: string,
): Promise<{ readonly name: string; readonly role: string }> {
  const person = await context.db.user.findUnique({ where: { id: userId }, select: { name: true, role: true } })
  if (!person) throw new ServiceError('NOT_FOUND', `There is no user ${userId}`)
  return person
}

/** Somebody must be able to let others in again. */
async function assertOtherAdministrator(tx: Transaction, userId: string): Promise<void> {
  const others = await tx.user.count({ where: { role: 'admin', deactivatedAt: null, id: { not: userId } } })
  if (others > 0) return
  throw new ServiceError('WRONG_STATE', 'This is the last active administrator', {
    unaffected: 'nothing was changed',
    remedy: 'make somebody else an administrator first',
  })
}

/** `role` null: none any more. */
async function withdrawWhatNeeds(
  context: ServiceContext,
  tx: Transaction,
  person: { readonly userId: string; readonly name: string; readonly role: Role | null },
): Promise<void> {
  const { userId, name, role } = person
  const may = (action: Parameters<typeof isRoleEnough>[1]) => role !== null && isRoleEnough(role, action)
  for (const subjectKind of ['restore', 'physical'] as const) {
    if (!may(actionOf(subjectKind, 'confirm'))) {
      await voidApprovals(
        context,
        tx,
        { subjectKind, requestedById: userId },
        `${name}, who asked, may not run it any more`,
      )
    }
    if (!may(actionOf(subjectKind, 'approve'))) {
      await voidApprovals(context, tx, { subjectKind, decidedById: userId }, `${name}, who approved, may not any more`)
    }
  }
  if (may('people.invite')) return
  await tx.invitation.updateMany({
    where: { createdById: userId, acceptedAt: null, revokedAt: null },
    data: { revokedAt: new Date(context.clock.now()) },
  })
}
