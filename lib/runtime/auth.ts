import { randomUUID } from 'node:crypto'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api'
import { z } from 'zod'
import type { Database } from '../adapters/database/open-database.ts'
import type { Clock } from '../base/clock.ts'
import { writeAudit } from '../services/audit/write-audit.ts'
import type { Actor, Log } from '../services/context.ts'
import { hashPassword, verifyPassword } from '../services/people/password-hash.ts'
import { renewPasswordHash } from '../services/people/renew-password-hash.ts'
import { PASSWORD_MAX, PASSWORD_MIN } from '../services/people/schemas.ts'
import { knockAtSignIn, passSignIn, readFailures, type SignInAttempt } from '../services/people/sign-in-throttle.ts'
import { toRole } from '../services/policy.ts'
import type { Env } from './env.ts'
import { addressOf } from './request-address.ts'
import { CALLBACK_PATH, END_PATH, type SingleSignOn, START_PATH, singleSignOn } from './single-sign-on.ts'
import { cookieTag, publicOrigin, trustedOrigins } from './trusted-origins.ts'

/** Everything else that better-auth could do is switched off: what Arkeeper does with people goes through its own gate. */
const OPEN_PATHS = new Set([
  '/sign-in/email',
  '/sign-out',
  '/get-session',
  '/ok',
  '/error',
  START_PATH,
  CALLBACK_PATH,
  END_PATH,
])

const DEACTIVATED = { code: 'ACCOUNT_DEACTIVATED', message: 'This account is deactivated' }
const PASSWORDS_CLOSED = {
  code: 'PASSWORD_SIGN_IN_CLOSED',
  message: 'This account signs in through single sign-on only',
}

/** Of one address, for any path. Wrong passwords have limits of their own (sign-in-throttle.ts). */
const REQUEST_LIMIT = { window: 60, max: 600 }

export interface AuthOptions {
  readonly db: Database['client']
  readonly env: Pick<Env, 'host' | 'port' | 'publicUrl' | 'sessionLimits'> & Partial<Pick<Env, 'basePath'>>
  /** Absent or null: there is none. */
  readonly singleSignOn?: SingleSignOn | null
  readonly secret: string
  readonly clock: Clock
  readonly log: Log
}

/** E-mail and password over better-auth; accounts are made by our own services only. Every sign-in, failed or not, and every sign-out is audited. */
export function createAuth(options: AuthOptions) {
  const { db, env, clock, log } = options
  const baseURL = publicOrigin(env)

  const sso = options.singleSignOn ?? null
  const isSecure = baseURL.startsWith('https://')

  const before = createAuthMiddleware(async (ctx) => {
    if (!OPEN_PATHS.has(ctx.path)) throw new APIError('NOT_FOUND')
    if (ctx.path === '/sign-in/email') await assertDoorOpen(options, attemptOf(ctx))
    if (ctx.path !== '/sign-out') return
    const session = await getSessionFromCtx(ctx)
    if (!session) return
    const role = 'role' in session.user && typeof session.user.role === 'string' ? session.user.role : null
    await writeAudit(
      db,
      { clock, actor: toActor({ ...session.user, role }, session.session.ipAddress ?? null) },
      { action: 'session.sign-out', outcome: 'ok' },
    )
  })

  const after = createAuthMiddleware(async (ctx) => {
    if (ctx.path !== '/sign-in/email') return
    const attempt = attemptOf(ctx)
    const signedIn = ctx.context.newSession
    if (signedIn) {
      const role = typeof signedIn.user.role === 'string' ? signedIn.user.role : null
      const actor = toActor({ ...signedIn.user, role }, signedIn.session.ipAddress ?? null)
      const context = { db, clock, log, actor }
      await passSignIn(context, attempt)
      await renewPasswordHash(context, signedIn.user.id, passwordOf(ctx.body))
      await writeAudit(db, context, { action: 'session.sign-in', outcome: 'ok' })
      return
    }
    const { failures, closedUntil } = await readFailures({ db }, attempt)
    const closed = closedUntil === null ? '' : `; failure ${failures} in a row closes the account for a while`
    await writeAudit(
      db,
      { clock, actor: strangerOf(attempt) },
      {
        action: 'session.sign-in',
        outcome: 'denied',
        message: `${refusalOf(ctx.context.returned) ?? 'The e-mail or the password is wrong'}${closed}`,
        after: closedUntil === null ? null : { failures, closedUntil: closedUntil.toISOString() },
      },
    )
  })

  return betterAuth({
    appName: 'Arkeeper',
    baseURL,
    // Next.js has taken the base path away by the time that a route sees an address.
    basePath: '/api/auth',
    secret: options.secret,
    telemetry: { enabled: false },
    trustedOrigins: (request) => trustedOrigins(env, request?.headers.get('host') ?? null),
    // A transaction of better-auth and one of ours would wait for each other: the database has one connection.
    database: prismaAdapter(db, { provider: 'sqlite', transaction: false }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_MIN,
      maxPasswordLength: PASSWORD_MAX,
      password: { hash: hashPassword, verify: verifyPassword },
    },
    user: {
      additionalFields: {
        role: { type: 'string', required: false, input: false, defaultValue: 'viewer' },
        deactivatedAt: { type: 'date', required: false, input: false },
      },
    },
    databaseHooks: {
      session: {
        create: {
          // After the password was found right: whoever does not know it learns nothing of the account.
          before: async (session) => {
            const { userId, signedInWith, createdAt } = session
            const select = { deactivatedAt: true, email: true }
            const user = await db.user.findUnique({ where: { id: userId }, select })
            if (user?.deactivatedAt !== null) throw new APIError('UNAUTHORIZED', DEACTIVATED)
            if (sso === null) return
            const { passwordSignIn, sessionMs } = sso.settings
            if (signedInWith === 'provider') {
              const ms = Math.min(sessionMs, env.sessionLimits.absoluteMs)
              return { data: { ...session, expiresAt: new Date(createdAt.getTime() + ms) } }
            }
            if (passwordSignIn === 'everyone' || passwordSignIn.includes(user.email.toLowerCase())) return
            throw new APIError('UNAUTHORIZED', PASSWORDS_CLOSED)
          },
        },
      },
    },
    session: {
      // Its end is fixed when it begins; what is idle ends before (read-session.ts).
      expiresIn: Math.floor(env.sessionLimits.absoluteMs / 1000),
      disableSessionRefresh: true,
      // A session that is revoked is gone with the next request.
      cookieCache: { enabled: false },
      additionalFields: { signedInWith: { type: 'string', required: false, input: false } },
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      ...REQUEST_LIMIT,
      customRules: { '/sign-in/email': REQUEST_LIMIT, '/get-session': false },
    },
    advanced: {
      // `__Host-` in a name makes the browser refuse the cookie from a sibling host, over plain http and for a part of the paths;
      // below a base path, where other programs of the host must not get to see it, the last of these is what is wanted.
      cookiePrefix: `${isSecure ? (env.basePath ? '__Secure-' : '__Host-') : ''}${cookieTag(env)}`,
      // Would put the weaker `__Secure-` before the name.
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isSecure, httpOnly: true, sameSite: 'lax', path: env.basePath || '/' },
      disableCSRFCheck: false,
      disableOriginCheck: false,
    },
    logger: {
      // better-auth answers failed sign-ins as warnings, with the address in the text: the audit has them.
      level: 'error',
      log: (level, message) => log[level === 'error' ? 'error' : 'debug']({ from: 'better-auth' }, message),
    },
    onAPIError: {
      // What a client did wrong is an answer, not an incident; without this better-auth prints it past our log.
      onError: (error) => {
        if (error instanceof APIError && error.statusCode < 500) return
        log.error({ from: 'better-auth', error }, 'A sign-in request failed')
      },
    },
    hooks: { before, after },
    plugins: sso === null ? [] : [singleSignOn(sso, { db, clock, log, newId: randomUUID })],
  } satisfies BetterAuthOptions)
}

export type Auth = ReturnType<typeof createAuth>

/** The actor of a signed-in person, as `auth.api.getSession` gives the user. */
export function toActor(
  user: { id: string; name: string; role?: string | null },
  ip: string | null,
  clusterRoles: Actor['clusterRoles'] = {},
): Actor {
  const { id, name } = user
  return { kind: 'user', id, name, role: toRole(user.role), clusterRoles, ...(ip === null ? {} : { ip }) }
}

/** Answers alike for accounts that exist and that do not, and for the right password and a wrong one. */
async function assertDoorOpen({ db, clock, log }: AuthOptions, attempt: SignInAttempt): Promise<void> {
  const door = await knockAtSignIn({ db, clock, log, actor: strangerOf(attempt) }, attempt)
  if (door.kind === 'open') return
  const retryAfterSeconds = Math.max(1, Math.ceil((door.until.getTime() - clock.now()) / 1000))
  const message = `Too many failed attempts ${door.who === 'account' ? 'to sign in to this account' : 'from this address'}`
  throw new APIError(
    'TOO_MANY_REQUESTS',
    { code: 'SIGN_IN_CLOSED', message, who: door.who, retryAfterSeconds },
    { 'retry-after': String(retryAfterSeconds) },
  )
}

function attemptOf(ctx: { readonly body?: unknown; readonly headers?: Headers }): SignInAttempt {
  return { email: attemptedEmail(ctx.body), ip: ctx.headers ? addressOf(ctx.headers) : null }
}

function strangerOf({ email, ip }: SignInAttempt): Actor {
  return { kind: 'user', id: null, name: email ?? 'unknown', role: 'none', ip: ip ?? undefined }
}

/** What was typed as e-mail, only when it is one: people type passwords into the wrong field. */
function attemptedEmail(body: unknown): string | null {
  const parsed = z.object({ email: z.email().max(320) }).safeParse(body)
  return parsed.success ? parsed.data.email.toLowerCase() : null
}

/** Of the refusals that come after the right password. */
function refusalOf(returned: unknown): string | null {
  const parsed = z.object({ body: z.object({ code: z.string(), message: z.string() }) }).safeParse(returned)
  if (!parsed.success) return null
  const { code, message } = parsed.data.body
  return code === DEACTIVATED.code || code === PASSWORDS_CLOSED.code ? message : null
}

function passwordOf(body: unknown): string {
  const parsed = z.object({ password: z.string() }).safeParse(body)
  return parsed.success ? parsed.data.password : ''
}
