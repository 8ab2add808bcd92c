import 'server-only'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { paths, safeNextPath } from '@/app/_nav/paths.ts'
import { toActor } from '@/lib/runtime/auth.ts'
import { addressOf } from '@/lib/runtime/request-address.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import type { Actor, ServiceContext } from '@/lib/services/context.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { findClusterRoles } from '@/lib/services/people/find-cluster-roles.ts'
import { hasAdministrator } from '@/lib/services/people/has-administrator.ts'

/** Path and query of a page request, set by the web server; absent in development. A layout cannot learn them otherwise. */
const PATH_HEADER = 'x-arkeeper-path'

/** Who is signed in, as the session cookie of this request says; null for nobody. Asked once a request. */
export const getActor = cache(async (): Promise<Actor | null> => {
  const person = await getPerson()
  return person?.actor ?? null
})

interface Person {
  readonly actor: Actor
  readonly email: string
  readonly sessionId: string
  /** Where signing out goes on, for who came in through single sign-on; null: it ends here. */
  readonly signOutUrl: string | null
}

export const getPerson = cache(async (): Promise<Person | null> => {
  // First of all: a build that tries what can be made in advance has none, and must not open an installation here.
  const requestHeaders = await headers()
  const { db, readSession, singleSignOn } = await getRuntime()
  const session = await readSession(requestHeaders)
  if (!session) return null
  return {
    actor: toActor(session.user, addressOf(requestHeaders), await findClusterRoles(db, session.user.id)),
    email: session.user.email,
    sessionId: session.session.id,
    signOutUrl: session.session.signedInWith === 'provider' ? (singleSignOn?.endUrl ?? null) : null,
  }
})

/** Who has the session of these headers, asked anew: an answer that goes on for hours outlives what it was begun with. */
export async function findActorAgain(requestHeaders: Headers): Promise<Actor | null> {
  const { db, readSession } = await getRuntime()
  const session = await readSession(requestHeaders, { watch: true })
  if (session === null) return null
  return toActor(session.user, addressOf(requestHeaders), await findClusterRoles(db, session.user.id))
}

/** For pages and layouts: without a session to the sign-in page, or to the set-up page of a fresh installation. */
export const requireActor = cache(async (): Promise<Actor> => {
  const actor = await getActor()
  if (actor) return actor
  const { db } = await getRuntime()
  if (!(await hasAdministrator({ db }))) redirect(paths.setup())
  redirect(paths.signIn({ next: safeNextPath((await headers()).get(PATH_HEADER) ?? undefined) }))
})

/** For loaders: the context in which a page's reads run. */
export const requireContext = cache(async (): Promise<ServiceContext> => {
  const actor = await requireActor()
  return (await getRuntime()).contextFor(actor)
})

/** As it was configured, never as a request names it; null when nothing was. */
export async function getPublicOrigin(): Promise<string | null> {
  return (await getRuntime()).env.publicUrl
}

/** For actions and route handlers, which answer instead of redirecting. Throws SIGNED_OUT. */
export async function getContextOrThrow(options: { signal?: AbortSignal } = {}): Promise<ServiceContext> {
  const actor = await getActor()
  if (!actor) throw signedOut()
  return (await getRuntime()).contextFor(actor, options)
}

export function signedOut(): ServiceError {
  return new ServiceError('SIGNED_OUT', 'Your session has ended', {
    unaffected: 'nothing was changed',
    remedy: 'sign in again and repeat the step',
  })
}
