import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { forgetFailures } from './sign-in-throttle.ts'

/** Somebody is signed out everywhere, at once. They may sign in again. */
export async function endSessionsOf(context: ServiceContext, userId: string): Promise<{ sessionsEnded: number }> {
  const { name } = await getPersonNamed(context, userId)
  return mutate(context, { action: 'people.end-sessions', before: { userId, name } }, async (tx, record) => {
    const { count } = await tx.session.deleteMany({ where: { userId } })
    record({ after: { sessionsEnded: count } })
    return { sessionsEnded: count }
  })
}

/** Forgets the failed attempts that have closed an account for a while. */
export async function openSignIn(context: ServiceContext, userId: string): Promise<void> {
  const { name, email } = await getPersonNamed(context, userId)
  await mutate(context, { action: 'people.open-sign-in', before: { userId, name } }, async (tx, record) => {
    const failures = await forgetFailures(tx, email)
    if (failures === 0) throw new ServiceError('WRONG_STATE', `Signing in is open to ${name} already`)
    record({ before: { failures } })
  })
}

async function getPersonNamed(
  context: Pick<ServiceContext, 'db'>,
  userId: string,
): Promise<{ readonly name: string; readonly email: string }> {
  const person = await context.db.user.findUnique({ where: { id: userId }, select: { name: true, email: true } })
  if (!person) throw new ServiceError('NOT_FOUND', `There is no user ${userId}`)
  return person
}
