import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFirstAdministrator } from '../services/people/create-first-administrator.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { type Auth, createAuth } from './auth.ts'

// Hashing passwords is slow on purpose, and slower on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const ORIGIN = 'http://127.0.0.1:3000'
const EMAIL = 'ada@example.org'
const PASSWORD = 'planted-password-1'

let services: TestServices
let auth: Auth
beforeEach(async () => {
  services = await createTestServices()
  const context = services.contextFor('admin')
  await createFirstAdministrator(context, { name: 'Ada', email: EMAIL, password: PASSWORD })
  auth = createAuth({
    db: context.db,
    env: { host: '127.0.0.1', port: 3000, publicUrl: null },
    secret: 'a secret of some length, which only this test has'.repeat(2),
    clock: context.clock,
    log: context.log,
  })
})
afterEach(() => services.close())

interface RequestOptions {
  readonly body?: unknown
  readonly cookie?: string
  readonly origin?: string
  readonly address?: string
  readonly base?: string
}

function request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const { body, cookie, origin = ORIGIN, address = '192.0.2.9', base = ORIGIN } = options
  return auth.handler(
    new Request(`${base}/api/auth${path}`, {
      method,
      headers: {
        origin,
        'x-forwarded-for': address,
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  )
}

const signIn = (password = PASSWORD, options: RequestOptions = {}) =>
  request('POST', '/sign-in/email', { ...options, body: { email: EMAIL, password } })

function cookieOf(response: Response): string {
  const [first] = response.headers.getSetCookie()
  return first?.split(';')[0] ?? ''
}

const signInEntries = async () => (await services.readAudit()).filter((entry) => entry.action.startsWith('session.'))

describe('sign-in', () => {
  test('gives a session that names the person and the role, and is on record', async () => {
    const response = await signIn()
    expect(response.status).toBe(200)
    const session = await auth.api.getSession({ headers: new Headers({ cookie: cookieOf(response) }) })
    expect(session?.user).toMatchObject({ email: EMAIL, name: 'Ada', role: 'admin' })
    expect(await signInEntries()).toMatchObject([
      { action: 'session.sign-in', outcome: 'ok', actorName: 'Ada', actorId: session?.user.id, ip: '192.0.2.9' },
    ])
  })

  test('sets a cookie that works over plain http, that scripts cannot read, and that has the port in its name', async () => {
    const [cookie] = (await signIn()).headers.getSetCookie()
    expect(cookie).toMatch(/^arkeeper-3000\.session_token=/)
    expect(cookie).toMatch(/; HttpOnly/)
    expect(cookie).toMatch(/; SameSite=Lax/)
    expect(cookie).not.toMatch(/; Secure/)
  })

  test('works under each name of the loopback address', async () => {
    for (const base of ['http://localhost:3000', 'http://[::1]:3000']) {
      expect((await signIn(PASSWORD, { base, origin: base })).status, base).toBe(200)
    }
  })

  test('with a wrong password is refused and on record, without the password', async () => {
    const response = await signIn('planted-wrong-guess')
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await signInEntries()).toMatchObject([
      { action: 'session.sign-in', outcome: 'denied', actorId: null, actorName: EMAIL, ip: '192.0.2.9' },
    ])
    const everything = JSON.stringify([await services.readAudit(), services.logLines])
    expect(everything).not.toContain('planted')
  })

  test('of somebody who is deactivated is refused, tells so only with the right password, and is on record', async () => {
    const { db } = services.contextFor('admin')
    const cookie = cookieOf(await signIn())
    await db.user.updateMany({ data: { deactivatedAt: new Date() } })
    const right = await signIn()
    expect(right.status).toBe(401)
    expect(await right.json()).toMatchObject({ code: 'ACCOUNT_DEACTIVATED' })
    expect(right.headers.getSetCookie().filter((each) => /session_token=[^;]/.test(each))).toEqual([])
    const wrong = await signIn('planted-wrong-guess')
    expect(wrong.status).toBe(401)
    expect(await wrong.json()).not.toMatchObject({ code: 'ACCOUNT_DEACTIVATED' })
    const session = await auth.api.getSession({ headers: new Headers({ cookie }) })
    expect(session?.user.deactivatedAt, 'a session that has stayed says so').toBeTruthy()
    expect((await signInEntries()).map(({ outcome }) => outcome)).toEqual(['ok', 'denied', 'denied'])
    await db.user.updateMany({ data: { deactivatedAt: null } })
    expect((await signIn()).status).toBe(200)
  })

  test('with a password typed into the field of the e-mail does not put it on record', async () => {
    await request('POST', '/sign-in/email', { body: { email: 'planted-in-the-wrong-field', password: 'planted-too' } })
    const everything = JSON.stringify([await services.readAudit(), services.logLines])
    expect(everything).not.toContain('planted')
    expect(await signInEntries()).toMatchObject([{ outcome: 'denied', actorName: 'unknown' }])
  })

  test('from a page of another origin is refused', async () => {
    const response = await signIn(PASSWORD, { origin: 'http://evil.example' })
    expect(response.status).toBe(403)
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('is limited for each address', async () => {
    // Attempts without a valid e-mail count too, and cost no hashing.
    for (let i = 0; i < 20; i++) {
      const attempt = await request('POST', '/sign-in/email', { body: { email: 'x', password: 'y' } })
      expect(attempt.status, `attempt ${i}`).toBe(400)
    }
    expect((await signIn()).status).toBe(429)
    expect((await signIn(PASSWORD, { address: '192.0.2.10' })).status).toBe(200)
  })
})

describe('an account', () => {
  test('is closed for a while after many failures, whatever addresses they came from, and opens again', async () => {
    await services.database.client.auditEntry.createMany({
      data: Array.from({ length: 49 }, () => ({
        at: new Date(services.clock.now()),
        actorName: EMAIL,
        action: 'session.sign-in',
        outcome: 'denied',
      })),
    })
    expect((await signIn('planted-wrong-guess', { address: '192.0.2.50' })).status).toBe(401)
    expect((await signIn(PASSWORD, { address: '192.0.2.51' })).status).toBe(429)
    services.clock.advance(15 * 60_000 + 1)
    expect((await signIn(PASSWORD, { address: '192.0.2.52' })).status).toBe(200)
  })
})

describe('sign-out', () => {
  test('ends the session at once and is on record', async () => {
    const cookie = cookieOf(await signIn())
    expect((await request('POST', '/sign-out', { cookie, body: {} })).status).toBe(200)
    expect(await auth.api.getSession({ headers: new Headers({ cookie }) })).toBeNull()
    expect(await signInEntries()).toMatchObject([
      { action: 'session.sign-in' },
      { action: 'session.sign-out', outcome: 'ok', actorName: 'Ada' },
    ])
  })

  test('from a page of another origin is refused, and the session lives on', async () => {
    const cookie = cookieOf(await signIn())
    expect((await request('POST', '/sign-out', { cookie, body: {}, origin: 'http://evil.example' })).status).toBe(403)
    expect(await auth.api.getSession({ headers: new Headers({ cookie }) })).not.toBeNull()
  })
})

describe('everything else', () => {
  test('that better-auth offers is closed, signed in or not', async () => {
    const cookie = cookieOf(await signIn())
    const signUp = { name: 'Eve', email: 'eve@example.org', password: PASSWORD }
    for (const [path, body] of [
      ['/sign-up/email', signUp],
      ['/update-user', { name: 'Eve', role: 'admin' }],
      ['/change-password', { currentPassword: PASSWORD, newPassword: 'another-password' }],
      ['/delete-user', {}],
      ['/revoke-sessions', {}],
    ] as const) {
      expect((await request('POST', path, { cookie, body })).status, path).toBe(404)
    }
    expect((await request('GET', '/list-sessions', { cookie })).status).toBe(404)
    expect(await services.database.client.user.findMany({ select: { name: true } })).toEqual([{ name: 'Ada' }])
  })
})
