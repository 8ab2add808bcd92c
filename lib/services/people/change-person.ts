import type { z } from 'zod'
import { actionOf } from '../approvals/approval-rules.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { Role, ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { type Action, isRoleEnough, roleAt, toRole } from '../policy.ts'
import { lookPast } from '../seen-by.ts'
import { findClusterRoles } from './find-cluster-roles.ts'
import { setClusterRoleSchema, setRoleSchema } from './schemas.ts'

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

/** What that person may do at one cluster, in place of the role overall; null: as overall. With the next request, and for jobs that wait. */
export async function setClusterRole(
  context: ServiceContext,
  input: z.input<typeof setClusterRoleSchema>,
): Promise<void> {
  const { userId, clusterId, role } = parseInput(setClusterRoleSchema, input)
  const { name } = await getPerson(context, userId)
  const cluster = await getClusterForWriting(context, clusterId)
  const at = { userId_clusterId: { userId, clusterId } }
  const mutation = {
    action: 'people.set-cluster-role',
    cluster: { id: clusterId, name: cluster.name },
    before: { userId, name },
    after: { role: role ?? AS_OVERALL },
  } as const
  await mutate(context, mutation, async (tx, record) => {
    const before = await tx.clusterRole.findUnique({ where: at, select: { role: true } })
    record({ before: { role: before?.role ?? AS_OVERALL } })
    if (role === null) await tx.clusterRole.deleteMany({ where: { userId, clusterId } })
    else {
      const create = { userId, clusterId, role }
      await tx.clusterRole.upsert({ where: at, create, update: { role }, select: { role: true } })
    }
    const person = await tx.user.findUniqueOrThrow({
      where: { id: userId },
      select: { role: true, deactivatedAt: true },
    })
    const overall = person.deactivatedAt === null ? toRole(person.role) : null
    await withdrawWhatNeeds(context, tx, { userId, name, role: overall })
  })
}

const AS_OVERALL = 'as overall'

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

/** Of what stands open: whatever asks for more than the person may do now, where it is. `role` null: nothing any more. */
export async function withdrawWhatNeeds(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  tx: Transaction,
  person: { readonly userId: string; readonly name: string; readonly role: Role | null },
): Promise<void> {
  const { userId, name, role } = person
  const clusterRoles = await findClusterRoles(tx, userId)
  const may = (action: Action, clusterId: string | null) =>
    role !== null && isRoleEnough(roleAt({ role, clusterRoles }, clusterId), action)
  const open = await lookPast(() =>
    tx.approval.findMany({
      where: { state: { in: ['waiting', 'approved'] }, OR: [{ requestedById: userId }, { decidedById: userId }] },
      select: { clusterId: true },
    }),
  )
  for (const clusterId of new Set(open.map((row) => row.clusterId))) {
    for (const subjectKind of ['restore', 'physical'] as const) {
      const of = { subjectKind, clusterId }
      if (!may(actionOf(subjectKind, 'confirm'), clusterId)) {
        await voidApprovals(
          context,
          tx,
          { ...of, requestedById: userId },
          `${name}, who asked, may not run it any more`,
        )
      }
      if (!may(actionOf(subjectKind, 'approve'), clusterId)) {
        await voidApprovals(context, tx, { ...of, decidedById: userId }, `${name}, who approved, may not any more`)
      }
    }
  }
  if (may('people.invite', null)) return
  await tx.invitation.updateMany({
    where: { createdById: userId, acceptedAt: null, revokedAt: null },
    data: { revokedAt: new Date(context.clock.now()) },
  })
}
