import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { addPerson } from './add-person.ts'
import { hashPassword } from './password-hash.ts'
import { assertPasswordHardToGuess } from './password-rules.ts'
import { type CreateAdministratorInput, createAdministratorSchema } from './schemas.ts'

/** The row that only one installation's first administrator can insert, however many ask at once. */
const TAKEN_KEY = 'people.first-administrator'

/** Makes the administrator of a fresh installation, who can sign in at once. FORBIDDEN when there is one already. */
export async function createFirstAdministrator(
  context: ServiceContext,
  input: CreateAdministratorInput,
): Promise<{ userId: string }> {
  const { name, email, password, code } = parseInput(createAdministratorSchema, input)
  assertSetUpCode(context, code ?? '')
  const userId = context.newId()
  assertPasswordHardToGuess(password, { email, name })
  // Hashing takes a fifth of a second, too long to hold the database's write lock.
  const passwordHash = await hashPassword(password)

  return mutate(context, { action: 'people.create-administrator', after: { userId, email, name } }, async (tx) => {
    await assertFirst(tx)
    await tx.setting.create({ data: { key: TAKEN_KEY, value: userId } })
    await addPerson(context, tx, { userId, name, email, role: 'admin', passwordHash })
    return { userId }
  })
}

function assertSetUpCode({ setUpCode }: ServiceContext, given: string): void {
  if (setUpCode === undefined) return
  const hash = (text: string) => createHash('sha256').update(text).digest()
  if (timingSafeEqual(hash(given), hash(setUpCode))) return
  const message = 'This is not the set-up code'
  throw new ServiceError('INVALID_INPUT', message, {
    details: { fields: { code: message } },
    unaffected: 'nobody was added',
    remedy: 'copy it from the terminal where Arkeeper was started',
  })
}

async function assertFirst(tx: Transaction): Promise<void> {
  const taken = await tx.setting.findUnique({ where: { key: TAKEN_KEY }, select: { key: true } })
  const someone = await tx.user.findFirst({ select: { id: true } })
  if (!taken && !someone) return
  throw new ServiceError('FORBIDDEN', 'There is an administrator already', {
    unaffected: 'nobody was added',
    remedy: 'sign in, or ask the administrator',
  })
}
