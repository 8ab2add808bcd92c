import { endIdleSession, isSessionOver, noteSessionUse } from '../services/people/session-expiry.ts'
import { type Auth, type AuthOptions, toActor } from './auth.ts'
import { addressOf } from './request-address.ts'

export type SignedIn = NonNullable<Awaited<ReturnType<Auth['api']['getSession']>>>

/**
 * The open session that these headers carry the cookie of. The only place that asks: what is past its end, was idle for too long or
 * belongs to somebody who was deactivated counts for nothing. `watch` asks without counting as use.
 */
export async function readSession(
  { auth, db, env, clock, log }: Pick<AuthOptions, 'db' | 'clock' | 'log' | 'env'> & { readonly auth: Auth },
  headers: Headers,
  { watch = false } = {},
): Promise<SignedIn | null> {
  const found = await auth.api.getSession({ headers })
  if (!found || found.user.deactivatedAt) return null
  const context = { db, clock, log, actor: toActor(found.user, addressOf(headers)) }
  if (isSessionOver(found.session, env.sessionLimits, clock.now())) {
    if (!watch) await endIdleSession(context, found.session)
    return null
  }
  if (!watch) await noteSessionUse(context, found.session)
  return found
}
