import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { hashPassword, isEarlierHash } from './password-hash.ts'

/** After a sign-in, when the password is at hand: a hash that was made with less than what is asked for now is made anew. */
export async function renewPasswordHash(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>,
  userId: string,
  password: string,
): Promise<void> {
  const where = { userId, providerId: 'credential' }
  const account = await context.db.account.findFirst({ where, select: { id: true, password: true } })
  if (!account?.password || !isEarlierHash(account.password)) return
  const known = account.password
  const renewed = await hashPassword(password)
  // Not when it was changed in the meantime.
  await keepBooks(context, { action: 'session.sign-in' }, (tx) =>
    tx.account.updateMany({ where: { id: account.id, password: known }, data: { password: renewed } }),
  )
}
