import type { BetterAuthPlugin } from 'better-auth'
import { createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import { OidcError, type OidcErrorCode } from '../adapters/oidc/errors.ts'
import type { IdentityProvider, SignInChecks, SingleSignOnSettings } from '../adapters/oidc/single-sign-on.ts'
import { formatErrorLine } from '../base/errors.ts'
import { writeAudit } from '../services/audit/write-audit.ts'
import type { Actor, ServiceContext } from '../services/context.ts'
import { ServiceError } from '../services/errors.ts'
import { admitFromProvider } from '../services/people/admit-from-provider.ts'
import { addressOf } from './request-address.ts'

export interface SingleSignOn {
  readonly settings: SingleSignOnSettings
  /** The public address, with the path that a proxy puts before ours. */
  readonly root: string
  readonly provider: IdentityProvider
}

export const START_PATH = '/sso/start'
export const CALLBACK_PATH = '/sso/callback'
export const END_PATH = '/sso/end'

/** As long as somebody may take at the provider. */
const PENDING_SECONDS = 10 * 60

const PROBLEM_OF: Record<OidcErrorCode, string> = {
  SINGLE_SIGN_ON_INVALID: 'provider-failed',
  PROVIDER_UNREACHABLE: 'provider-unreachable',
  PROVIDER_DENIED: 'denied',
  PROVIDER_FAILED: 'provider-failed',
  PROVIDER_ANSWER_INVALID: 'answer-invalid',
}

const pendingSchema = z.object({
  checks: z.object({ state: z.string(), nonce: z.string(), codeVerifier: z.string() }),
  next: z.string(),
  until: z.number(),
})

type Pending = z.output<typeof pendingSchema>

/**
 * Two addresses beside better-auth's own: off to the provider, and back. What must fit together (state, nonce, code verifier) travels in a
 * signed cookie of this browser, so that any web process can go on, and is used once.
 */
export function singleSignOn(
  { settings, provider, root }: SingleSignOn,
  { db, clock, log, newId }: Pick<ServiceContext, 'db' | 'clock' | 'log' | 'newId'>,
) {
  const pages = pagesOf(root)

  const start = createAuthEndpoint(
    START_PATH,
    { method: 'GET', query: z.object({ next: z.string().max(2000).optional() }).optional() },
    async (ctx) => {
      try {
        const { url, checks } = await provider.begin(pages.callback)
        const until = clock.now() + PENDING_SECONDS * 1000
        const cookie = ctx.context.createAuthCookie('sso', { maxAge: PENDING_SECONDS })
        await ctx.setSignedCookie(
          cookie.name,
          toCookie({ checks, next: ctx.query?.next ?? '/', until }),
          ctx.context.secret,
          cookie.attributes,
        )
        throw ctx.redirect(url)
      } catch (error) {
        if (!(error instanceof OidcError)) throw error
        log.warn({ error: describe(error) }, 'Single sign-on could not begin')
        throw ctx.redirect(pages.signIn({ problem: PROBLEM_OF[error.code] }))
      }
    },
  )

  const callback = createAuthEndpoint(CALLBACK_PATH, { method: 'GET' }, async (ctx) => {
    const cookie = ctx.context.createAuthCookie('sso', { maxAge: PENDING_SECONDS })
    const pending = fromCookie(await ctx.getSignedCookie(cookie.name, ctx.context.secret))
    ctx.setCookie(cookie.name, '', { ...cookie.attributes, maxAge: 0 })
    const search = ctx.request ? new URL(ctx.request.url).search : ''
    const ip = (ctx.headers && addressOf(ctx.headers)) || undefined
    const stranger: Actor = { kind: 'user', id: null, name: settings.label, role: 'none', ip }
    const context = { db, clock, log, newId, actor: stranger }
    const fail = async (problem: string, message: string | null) => {
      if (message !== null) {
        await writeAudit(db, context, { action: 'session.sign-in', outcome: 'denied', message })
      }
      return ctx.redirect(pages.signIn({ problem, next: pending?.next }))
    }
    if (!isExpected(pending, search, clock.now())) {
      throw await fail('wrong-state', 'Single sign-on came back to a browser that had not asked, or too late')
    }
    let userId: string
    let name: string
    try {
      const identity = await provider.finish(pages.callback, search, pending.checks)
      ;({ userId, name } = await admitFromProvider(context, identity, settings))
    } catch (error) {
      if (error instanceof OidcError) {
        log.warn({ error: describe(error) }, 'Single sign-on did not succeed')
        throw await fail(PROBLEM_OF[error.code], `Single sign-on: ${error.message}`)
      }
      const refusal = error instanceof ServiceError ? error.details.refusal : undefined
      // It is on record already.
      if (typeof refusal === 'string') throw await fail(refusal, null)
      throw error
    }
    const session = await ctx.context.internalAdapter.createSession(userId, false, { signedInWith: 'provider' })
    const user = await ctx.context.internalAdapter.findUserById(userId)
    if (!session || !user) throw await fail('provider-failed', 'Single sign-on: the session could not be stored')
    await setSessionCookie(ctx, { session, user }, false, { maxAge: Math.floor(settings.sessionMs / 1000) })
    const actor: Actor = { ...stranger, id: userId, name }
    const after = { with: 'single sign-on' }
    await writeAudit(db, { clock, actor }, { action: 'session.sign-in', outcome: 'ok', after })
    // The sign-in page knows which addresses are ours, and sends whoever is signed in on to there.
    throw ctx.redirect(pages.signIn({ next: pending.next }))
  })

  const end = createAuthEndpoint(END_PATH, { method: 'GET' }, async (ctx) => {
    let url: string | null = null
    try {
      url = settings.signOutAtProvider ? await provider.endSessionUrl(pages.signIn({})) : null
    } catch (error) {
      if (!(error instanceof OidcError)) throw error
      log.warn({ error: describe(error) }, 'The sign-out of the provider could not be found')
    }
    throw ctx.redirect(url ?? pages.signIn({}))
  })

  return {
    id: 'arkeeper-single-sign-on',
    endpoints: { startSingleSignOn: start, finishSingleSignOn: callback, endSingleSignOn: end },
  } satisfies BetterAuthPlugin
}

function pagesOf(root: string) {
  return {
    callback: `${root}/api/auth${CALLBACK_PATH}`,
    signIn: (query: { problem?: string; next?: string }) => {
      const url = new URL(`${root}/sign-in`)
      for (const [key, value] of Object.entries(query)) {
        if (value !== undefined && value !== '/') url.searchParams.set(key, value)
      }
      return url.href
    },
  }
}

function toCookie(pending: Pending): string {
  return Buffer.from(JSON.stringify(pending)).toString('base64url')
}

/** Null for none, and for one whose signature was not ours: better-auth gives nothing then. */
function fromCookie(value: string | false | null | undefined): Pending | null {
  if (!value) return null
  try {
    return pendingSchema.parse(JSON.parse(Buffer.from(value, 'base64url').toString('utf8')))
  } catch {
    return null
  }
}

/** The provider's answer, an error too, belongs to what this very browser has asked, a short while ago. */
function isExpected(
  pending: Pending | null,
  search: string,
  now: number,
): pending is Pending & { checks: SignInChecks } {
  return pending !== null && pending.until > now && new URLSearchParams(search).get('state') === pending.checks.state
}

/** With what the library says, which names neither code nor token. */
function describe(error: OidcError): string {
  const { cause } = error
  return cause instanceof Error ? `${formatErrorLine(error)} (${cause.name}: ${cause.message})` : formatErrorLine(error)
}
