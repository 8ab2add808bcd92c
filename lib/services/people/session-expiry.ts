import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'

export interface SessionLimits {
  /** Without a request for so long, a session ends. */
  readonly idleMs: number
  /** It ends then, used or not. */
  readonly absoluteMs: number
}

/** Use is noted this often at most: not every request is a write. */
const NOTED_EVERY_MS = 5 * 60_000

export interface KnownSession {
  readonly id: string
  readonly expiresAt: Date
  /** Last use, as noted. */
  readonly updatedAt: Date
}

export function isSessionOver(session: KnownSession, limits: SessionLimits, now: number): boolean {
  return session.expiresAt.getTime() <= now || session.updatedAt.getTime() + limits.idleMs <= now
}

/** Ends a session that was idle for too long. On record, since nobody asked for it. */
export async function endIdleSession(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>,
  session: KnownSession,
): Promise<void> {
  await keepBooks(context, { action: 'session.sign-out' }, async (tx) => {
    const { count } = await tx.session.deleteMany({ where: { id: session.id } })
    if (count === 0) return
    const message = 'The session was not used for too long'
    await writeAudit(tx, context, { action: 'session.sign-out', outcome: 'ok', message })
  })
}

export async function noteSessionUse(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>,
  session: KnownSession,
): Promise<void> {
  const now = context.clock.now()
  if (session.updatedAt.getTime() + NOTED_EVERY_MS > now) return
  await keepBooks(context, { action: 'session.sign-in' }, (tx) =>
    tx.session.updateMany({ where: { id: session.id }, data: { updatedAt: new Date(now) } }),
  )
}
