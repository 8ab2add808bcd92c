import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api'
import { z } from 'zod'
import type { Database } from '../adapters/database/open-database.ts'
import type { Clock } from '../base/clock.ts'
import { writeAudit } from '../services/audit/write-audit.ts'
import type { Actor, Log } from '../services/context.ts'
import { PASSWORD_MAX, PASSWORD_MIN } from '../services/people/schemas.ts'
import { toRole } from '../services/policy.ts'
import type { Env } from './env.ts'
import { publicOrigin, trustedOrigins } from './trusted-origins.ts'

/** Everything else that better-auth could do is switched off: what Arkeeper does with people goes through its own gate. */
const OPEN_PATHS = new Set(['/sign-in/email', '/sign-out', '/get-session', '/ok', '/error'])

const DEACTIVATED = { code: 'ACCOUNT_DEACTIVATED', message: 'This account is deactivated' }

const SESSION_SECONDS = 7 * 24 * 3600
const SESSION_REFRESH_SECONDS = 24 * 3600
/** Sign-in attempts of one address. Enough for an office behind one address, too few to guess a password. */
const SIGN_IN_LIMIT = { window: 60, max: 20 }
/** Failed attempts on one account from anywhere: whoever forges the address of each request meets this one. */
const ACCOUNT_LIMIT = { windowMs: 15 * 60_000, max: 50 }
const REQUEST_LIMIT = { window: 60, max: 600 }

export interface AuthOptions {
  readonly db: Database['client']
  readonly env: Pick<Env, 'host' | 'port' | 'publicUrl'>
  readonly secret: string
  readonly clock: Clock
  readonly log: Log
}

/** E-mail and password over better-auth; accounts are made by our own services only. Every sign-in, failed or not, and every sign-out is audited. */
export function createAuth(options: AuthOptions) {
  const { db, env, clock, log } = options
  const baseURL = publicOrigin(env)

  const before = createAuthMiddleware(async (ctx) => {
    if (!OPEN_PATHS.has(ctx.path)) throw new APIError('NOT_FOUND')
    if (ctx.path === '/sign-in/email') await assertAccountNotUnderAttack(options, attemptedName(ctx.body))
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
    const signedIn = ctx.context.newSession
    if (signedIn) {
      const role = typeof signedIn.user.role === 'string' ? signedIn.user.role : null
      await writeAudit(
        db,
        { clock, actor: toActor({ ...signedIn.user, role }, signedIn.session.ipAddress ?? null) },
        { action: 'session.sign-in', outcome: 'ok' },
      )
      return
    }
    const ip = ctx.headers ? addressOf(ctx.headers) : null
    await writeAudit(
      db,
      { clock, actor: { kind: 'user', id: null, name: attemptedName(ctx.body), role: 'viewer', ip: ip ?? undefined } },
      { action: 'session.sign-in', outcome: 'denied', message: 'The e-mail or the password is wrong' },
    )
  })

  return betterAuth({
    appName: 'Arkeeper',
    baseURL,
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
          before: async ({ userId }) => {
            const user = await db.user.findUnique({ where: { id: userId }, select: { deactivatedAt: true } })
            if (user?.deactivatedAt !== null) throw new APIError('UNAUTHORIZED', DEACTIVATED)
          },
        },
      },
    },
    // No cookie cache: a session that is revoked is gone with the next request.
    session: { expiresIn: SESSION_SECONDS, updateAge: SESSION_REFRESH_SECONDS, cookieCache: { enabled: false } },
    rateLimit: {
      enabled: true,
      storage: 'database',
      ...REQUEST_LIMIT,
      customRules: { '/sign-in/email': SIGN_IN_LIMIT, '/get-session': false },
    },
    advanced: {
      // Two installations on two ports of one host share the host's cookies; the port in the name keeps them apart.
      cookiePrefix: `arkeeper-${env.port}`,
      useSecureCookies: baseURL.startsWith('https://'),
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

/** Next.js puts the peer's address there when no proxy did. */
export function addressOf(headers: Headers): string | null {
  return headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() || null
}

async function assertAccountNotUnderAttack({ db, clock }: AuthOptions, name: string): Promise<void> {
  const failures = await db.auditEntry.count({
    where: {
      action: 'session.sign-in',
      at: { gte: new Date(clock.now() - ACCOUNT_LIMIT.windowMs) },
      outcome: 'denied',
      actorName: name,
    },
  })
  if (failures < ACCOUNT_LIMIT.max) return
  throw new APIError('TOO_MANY_REQUESTS', { message: 'Too many failed attempts. Wait a quarter of an hour.' })
}

/** What was typed as e-mail, only when it is one: people type passwords into the wrong field. */
function attemptedName(body: unknown): string {
  const parsed = z.object({ email: z.email().max(320) }).safeParse(body)
  return parsed.success ? parsed.data.email.toLowerCase() : 'unknown'
}
