import { hashPassword as hashAsBefore } from 'better-auth/crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { addPerson } from '../services/people/add-person.ts'
import { hashPassword } from '../services/people/password-hash.ts'
import { rememberScrypt } from '../testing/remembered-scrypt.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { type Auth, type AuthOptions, createAuth } from './auth.ts'
import { readSession } from './read-session.ts'

// Hashing passwords is slow on purpose, and slower on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })
rememberScrypt()

const ORIGIN = 'http://127.0.0.1:3000'
const EMAIL = 'ada@example.org'
const PASSWORD = 'planted-password-1'
const HOUR_MS = 3600_000

/** One for the accounts of all tests. */
let passwordHash: string
beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD)
})

let services: TestServices
let auth: Auth
let options: AuthOptions
beforeEach(async () => {
  services = await createTestServices()
  const context = services.contextFor('admin')
  const ada = { userId: context.newId(), name: 'Ada', email: EMAIL, role: 'admin', passwordHash } as const
  await context.db.$transaction((tx) => addPerson(context, tx, ada))
  options = {
    db: context.db,
    env: {
      host: '127.0.0.1',
      port: 3000,
      publicUrl: null,
      sessionLimits: { idleMs: 12 * HOUR_MS, absoluteMs: 100 * HOUR_MS },
    },
    secret: 'a secret of some length, which only this test has'.repeat(2),
    clock: context.clock,
    log: context.log,
  }
  auth = createAuth(options)
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

  test('of an account with a hash of an earlier version works, and makes the hash anew', async () => {
    const { account } = services.database.client
    await account.updateMany({ data: { password: await hashAsBefore(PASSWORD) } })
    expect((await signIn('planted-wrong-guess')).status).toBe(401)
    expect((await account.findFirstOrThrow()).password).toMatch(/^[0-9a-f]+:/)
    expect((await signIn()).status).toBe(200)
    expect((await account.findFirstOrThrow()).password).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/)
    expect((await signIn()).status).toBe(200)
  })

  test('over https sets a cookie that only this host gets and sets, and only over https', async () => {
    auth = createAuth({ ...options, env: { ...options.env, publicUrl: 'https://keeper.example' } })
    const base = 'https://keeper.example'
    const response = await signIn(PASSWORD, { base, origin: base })
    const [cookie] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-arkeeper-443\.session_token=/)
    expect(cookie).toMatch(/; Secure/)
    expect(cookie).toMatch(/; HttpOnly/)
    expect(cookie).toMatch(/; SameSite=Lax/)
    expect(cookie).toMatch(/; Path=\/(;|$)/)
    expect(cookie).not.toMatch(/Domain/)
    expect(await auth.api.getSession({ headers: new Headers({ cookie: cookieOf(response) }) })).not.toBeNull()
  })
})

/** What a browser is told, and nothing of when. */
async function answerOf(response: Response) {
  return { status: response.status, body: await response.json(), cookies: response.headers.getSetCookie() }
}

describe('failed attempts', () => {
  const STRANGER = 'nobody@example.org'
  const tryAs = (email: string, password: string, address = '192.0.2.9') =>
    request('POST', '/sign-in/email', { address, body: { email, password } })

  test('close an account for ever longer, with the same answer to a right password, a wrong one, and for an account that nobody has', async () => {
    for (const email of [EMAIL, STRANGER]) {
      for (let i = 0; i < 5; i++) expect((await tryAs(email, 'planted-wrong-guess')).status, `${email} ${i}`).toBe(401)
    }
    const refused = await answerOf(await signIn())
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'SIGN_IN_CLOSED', who: 'account', retryAfterSeconds: 30 },
      cookies: [],
    })
    expect(await answerOf(await signIn('planted-wrong-guess'))).toEqual(refused)
    expect(await answerOf(await tryAs(STRANGER, PASSWORD))).toEqual(refused)
    expect(await answerOf(await tryAs(EMAIL.toUpperCase(), PASSWORD, '192.0.2.77'))).toEqual(refused)
    services.clock.advance(30_000)
    expect((await signIn('planted-wrong-guess')).status).toBe(401)
    expect(await answerOf(await signIn())).toMatchObject({ status: 429, body: { retryAfterSeconds: 60 } })
    services.clock.advance(60_000)
    expect((await signIn()).status).toBe(200)
    expect((await signIn('planted-wrong-guess')).status, 'all is forgotten').toBe(401)
    expect((await signIn()).status).toBe(200)
  })

  test('are counted for all web processes, and for tries that are made at once', async () => {
    const another = createAuth(options)
    const tries = Array.from({ length: 8 }, (_, i) =>
      (i % 2 ? auth : another).handler(
        new Request(`${ORIGIN}/api/auth/sign-in/email`, {
          method: 'POST',
          headers: { origin: ORIGIN, 'content-type': 'application/json', 'x-forwarded-for': `192.0.2.${i}` },
          body: JSON.stringify({ email: EMAIL, password: 'planted-wrong-guess' }),
        }),
      ),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
  })

  test('are on record, with what they led to, and tries at a closed account do not fill it', async () => {
    for (let i = 0; i < 9; i++) await signIn('planted-wrong-guess')
    const entries = await signInEntries()
    expect(entries.map(({ outcome, after }) => [outcome, after])).toEqual([
      ...Array.from({ length: 4 }, () => ['denied', null]),
      ['denied', { failures: 5, closedUntil: '2026-01-02T03:04:35.000Z' }],
    ])
    const row = await services.database.client.signInThrottle.findUniqueOrThrow({ where: { key: `account:${EMAIL}` } })
    expect(row).toMatchObject({ failures: 5, refused: 4 })
  })

  test('while the clock was ahead close nothing for longer than they would', async () => {
    services.clock.advance(1000 * HOUR_MS)
    for (let i = 0; i < 5; i++) expect((await signIn('a wrong password')).status).toBe(401)
    expect((await signIn()).status).toBe(429)
    services.clock.advance(-1000 * HOUR_MS)
    expect((await signIn()).status).toBe(200)
  })

  test('of many accounts close the address that they come from, which right passwords and closed accounts do not', async () => {
    const address = await services.database.client.signInThrottle.create({
      data: {
        key: 'address:192.0.2.9',
        failures: 98,
        firstAt: new Date(services.clock.now()),
        lastAt: new Date(services.clock.now()),
      },
    })
    for (let i = 0; i < 3; i++) expect((await signIn()).status).toBe(200)
    expect((await tryAs('one@example.org', 'planted-wrong-guess')).status).toBe(401)
    expect((await tryAs('two@example.org', 'planted-wrong-guess')).status).toBe(401)
    expect(await answerOf(await signIn())).toMatchObject({
      status: 429,
      body: { who: 'address', retryAfterSeconds: 900 },
    })
    expect((await signIn(PASSWORD, { address: '192.0.2.10' })).status).toBe(200)
    services.clock.advance(15 * 60_000)
    expect((await signIn()).status).toBe(200)
    const { failures } = await services.database.client.signInThrottle.findUniqueOrThrow({
      where: { key: address.key },
    })
    expect(failures).toBe(0)
  })
})

describe('a session', () => {
  let now: number
  beforeEach(() => {
    // better-auth goes by the machine's clock; this one goes on from there when it is told.
    now = Date.now()
    options = { ...options, clock: { now: () => now } }
    auth = createAuth(options)
  })
  const read = (cookie: string, how?: { watch: boolean }) =>
    readSession({ auth, ...options }, new Headers({ cookie }), how)

  test('ends when it was not used for too long, and stays while it is', async () => {
    const cookie = cookieOf(await signIn())
    for (let i = 0; i < 4; i++) {
      now += 11 * HOUR_MS
      expect(await read(cookie), `use ${i}`).not.toBeNull()
    }
    now += 11 * HOUR_MS
    expect(await read(cookie, { watch: true }), 'a look that is no use').not.toBeNull()
    now += HOUR_MS
    expect(await read(cookie, { watch: true })).toBeNull()
    expect(await read(cookie)).toBeNull()
    expect(await services.database.client.session.count()).toBe(0)
    expect((await signInEntries()).map(({ action, message }) => [action, message])).toEqual([
      ['session.sign-in', null],
      ['session.sign-out', 'The session was not used for too long'],
    ])
  })

  test('ends at its end, used or not', async () => {
    const cookie = cookieOf(await signIn())
    for (let i = 0; i < 9; i++) {
      now += 11 * HOUR_MS
      expect(await read(cookie), `use ${i}`).not.toBeNull()
    }
    now += 2 * HOUR_MS
    expect(await read(cookie)).toBeNull()
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

describe('two web processes', () => {
  const publicUrl = 'https://ark.example'
  const webAt = (port: number) => {
    auth = createAuth({ ...options, env: { ...options.env, port, publicUrl } })
    return { auth, signIn: (password: string) => signIn(password, { base: publicUrl, origin: publicUrl }) }
  }

  test('behind one address know each other’s sessions, whatever their own ports are, and end them for each other', async () => {
    const a = webAt(3001)
    const cookie = cookieOf(await a.signIn(PASSWORD))
    const b = webAt(3002)
    const headers = new Headers({ cookie })
    expect((await b.auth.api.getSession({ headers }))?.user.email).toBe(EMAIL)
    await request('POST', '/sign-out', { cookie, body: {}, base: publicUrl, origin: publicUrl })
    expect(await a.auth.api.getSession({ headers })).toBeNull()
  })

  test('count wrong passwords together, and close an account for both', async () => {
    for (let tries = 0; tries < 6; tries++) await webAt(3001 + (tries % 2)).signIn('planted-wrong-guess')
    for (const port of [3001, 3002]) expect((await webAt(port).signIn(PASSWORD)).status).toBe(429)
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
