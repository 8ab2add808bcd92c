import type { Role, ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'

export interface NewPerson {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly passwordHash: string
}

/** Somebody who can sign in with e-mail and password, as better-auth reads it. */
export async function addPerson(
  context: Pick<ServiceContext, 'clock' | 'newId'>,
  tx: Transaction,
  { userId, name, email, role, passwordHash }: NewPerson,
): Promise<void> {
  const now = new Date(context.clock.now())
  await tx.user.create({ data: { id: userId, name, email, emailVerified: true, role, createdAt: now, updatedAt: now } })
  await tx.account.create({
    data: {
      id: context.newId(),
      userId,
      accountId: userId,
      providerId: 'credential',
      password: passwordHash,
      createdAt: now,
      updatedAt: now,
    },
  })
}
