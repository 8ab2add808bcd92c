import type { ServiceContext } from '../context.ts'
import { keepBooks, type Transaction } from '../gate.ts'

/** So many wrong passwords in a row are a slip of the hand; each one more closes the account for longer. */
const FREE_FAILURES = 4
const FIRST_CLOSED_MS = 30_000
const CLOSED_MAX_MS = 15 * 60_000
/** A row without a failure for so long is forgotten. */
const FORGET_MS = 24 * 3600_000
/**
 * Wrong passwords from one address, for any accounts. Right ones and tries at closed accounts do not count: a whole office behind one
 * address is not shut out by one colleague, while whoever tries one password at a thousand accounts is.
 */
const ADDRESS_LIMIT = { failures: 100, windowMs: 15 * 60_000 }

export interface SignInAttempt {
  /** Null for what is no e-mail address. */
  readonly email: string | null
  readonly ip: string | null
}

export type SignInDoor =
  | { readonly kind: 'open' }
  /** The password must not be looked at, right or wrong. */
  | { readonly kind: 'closed'; readonly who: 'account' | 'address'; readonly until: Date }

type ThrottleContext = Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>

/** How long an account stays closed after its `failures`-th wrong password in a row; 0: not at all. */
export function closedMs(failures: number): number {
  if (failures <= FREE_FAILURES) return 0
  return Math.min(FIRST_CLOSED_MS * 2 ** Math.min(failures - FREE_FAILURES - 1, 16), CLOSED_MAX_MS)
}

/**
 * Before a password is looked at. The try counts as failed until `passSignIn` says otherwise, so that a hundred tries at once are not
 * a hundred guesses. Accounts that nobody has are counted and closed alike.
 */
export async function knockAtSignIn(context: ThrottleContext, attempt: SignInAttempt): Promise<SignInDoor> {
  const now = context.clock.now()
  return keepBooks(context, { action: 'session.sign-in' }, async (tx) => {
    const account = attempt.email === null ? null : await tx.signInThrottle.findUnique({ where: accountKey(attempt) })
    const closedForMs = (account?.closedUntil?.getTime() ?? 0) - now
    // For longer than ever: the clock was ahead then, and would keep even the administrator out until that time.
    if (account?.closedUntil && closedForMs > 0 && closedForMs <= CLOSED_MAX_MS) {
      await tx.signInThrottle.update({ where: { key: account.key }, data: { refused: { increment: 1 } } })
      return { kind: 'closed', who: 'account', until: account.closedUntil }
    }
    const address = await tx.signInThrottle.findUnique({ where: addressKey(attempt) })
    const firstAt = address?.firstAt.getTime() ?? 0
    const windowEnd = firstAt > now ? 0 : firstAt + ADDRESS_LIMIT.windowMs
    if (address && windowEnd > now && address.failures >= ADDRESS_LIMIT.failures) {
      await tx.signInThrottle.update({ where: { key: address.key }, data: { refused: { increment: 1 } } })
      return { kind: 'closed', who: 'address', until: new Date(windowEnd) }
    }
    await count(tx, addressKey(attempt).key, windowEnd > now ? address : null, now)
    if (attempt.email === null) return { kind: 'open' }
    const isForgotten = account !== null && account.lastAt.getTime() + FORGET_MS <= now
    const failures = ((!isForgotten && account?.failures) || 0) + 1
    await count(tx, accountKey(attempt).key, isForgotten ? null : account, now, closedMs(failures))
    await tx.signInThrottle.deleteMany({ where: { lastAt: { lt: new Date(now - FORGET_MS) } } })
    return { kind: 'open' }
  })
}

/** The password was right: the account's failures are forgotten, and the address did nothing wrong. */
export async function passSignIn(context: ThrottleContext, attempt: SignInAttempt): Promise<void> {
  await keepBooks(context, { action: 'session.sign-in' }, async (tx) => {
    await tx.signInThrottle.deleteMany({ where: accountKey(attempt) })
    await tx.signInThrottle.updateMany({
      where: { ...addressKey(attempt), failures: { gt: 0 } },
      data: { failures: { decrement: 1 } },
    })
  })
}

/** What the audit says of a failure: how many there are, and until when the account is closed for them. */
export async function readFailures(
  context: Pick<ServiceContext, 'db'>,
  attempt: SignInAttempt,
): Promise<{ readonly failures: number; readonly closedUntil: Date | null }> {
  const row = await context.db.signInThrottle.findUnique({
    where: accountKey(attempt),
    select: { failures: true, closedUntil: true },
  })
  return row ?? { failures: 0, closedUntil: null }
}

/** Which of these accounts are closed now, with the end of it. */
export async function listClosedAccounts(
  context: Pick<ServiceContext, 'clock' | 'db'>,
): Promise<ReadonlyMap<string, { readonly until: Date; readonly failures: number }>> {
  const rows = await context.db.signInThrottle.findMany({
    where: { key: { startsWith: ACCOUNT }, closedUntil: { gt: new Date(context.clock.now()) } },
    select: { key: true, failures: true, closedUntil: true },
  })
  return new Map(
    rows.flatMap(({ key, failures, closedUntil }) =>
      closedUntil === null ? [] : [[key.slice(ACCOUNT.length), { until: closedUntil, failures }] as const],
    ),
  )
}

/** Opens the account again; how many failures were forgotten. */
export async function forgetFailures(tx: Transaction, email: string): Promise<number> {
  const row = await tx.signInThrottle.findUnique({ where: accountKey({ email }), select: { failures: true } })
  await tx.signInThrottle.deleteMany({ where: accountKey({ email }) })
  return row?.failures ?? 0
}

async function count(
  tx: Transaction,
  key: string,
  known: { readonly failures: number } | null,
  now: number,
  closed = 0,
): Promise<void> {
  const lastAt = new Date(now)
  const closedUntil = closed === 0 ? null : new Date(now + closed)
  const fresh = { failures: 1, refused: 0, firstAt: lastAt, lastAt, closedUntil }
  const counted = { failures: { increment: 1 }, refused: 0, lastAt, closedUntil }
  await tx.signInThrottle.upsert({ where: { key }, create: { key, ...fresh }, update: known ? counted : fresh })
}

const ACCOUNT = 'account:'
const accountKey = ({ email }: { readonly email: string | null }) => ({ key: `${ACCOUNT}${email?.toLowerCase()}` })
const addressKey = ({ ip }: SignInAttempt) => ({ key: `address:${ip ?? 'unknown'}` })
