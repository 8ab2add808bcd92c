import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIdentityProvider } from '../adapters/oidc/create-identity-provider.ts'
import type { SingleSignOnSettings } from '../adapters/oidc/single-sign-on.ts'
import { createFirstAdministrator } from '../services/people/create-first-administrator.ts'
import { CookieJar } from '../testing/cookie-jar.ts'
import { CLIENT_ID, CLIENT_SECRET, startTestProvider, type TestProvider } from '../testing/identity-provider.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { type Auth, type AuthOptions, createAuth } from './auth.ts'
import { readSession } from './read-session.ts'

const ORIGIN = 'http://127.0.0.1:3000'
const CALLBACK = `${ORIGIN}/api/auth/sso/callback`
const HOUR_MS = 3600_000
const ADMIN = { name: 'Ada', email: 'ada@example.org', password: 'planted-password-1' }

let provider: TestProvider
beforeAll(async () => {
  provider = await startTestProvider([CALLBACK])
})
afterAll(() => provider.close())

let services: TestServices
let auth: Auth
let options: AuthOptions
/** Of the browser at hand. */
let jar: CookieJar

const SETTINGS: Omit<SingleSignOnSettings, 'issuer'> = {
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scopes: ['openid', 'email', 'profile', 'groups'],
  groupsClaim: 'groups',
  roles: { everyone: 'viewer', ops: 'operator', keepers: 'admin' },
  clusterRoles: { orders: { 'orders-ops': 'operator' }, gone: { everyone: 'viewer' } },
  allowedDomains: [],
  assumeEmailVerified: false,
  label: 'Example',
  createPeople: true,
  linkByEmail: false,
  passwordSignIn: 'everyone',
  sessionMs: 12 * HOUR_MS,
  signOutAtProvider: true,
}

function use(changes: Partial<SingleSignOnSettings> = {}, root = ORIGIN): void {
  const settings = { ...SETTINGS, issuer: provider.issuer, ...changes }
  // The provider goes by the machine's clock, and so does whoever checks its tokens.
  const clock = { now: Date.now }
  const context = services.contextFor('admin')
  options = {
    db: context.db,
    env: {
      host: '127.0.0.1',
      port: 3000,
      publicUrl: null,
      sessionLimits: { idleMs: 12 * HOUR_MS, absoluteMs: 168 * HOUR_MS },
    },
    secret: 'a secret of some length, which only this test has'.repeat(2),
    clock,
    log: context.log,
    singleSignOn: { settings, root, provider: createIdentityProvider(settings, clock) },
  }
  auth = createAuth(options)
}

beforeEach(async () => {
  services = await createTestServices()
  jar = new CookieJar()
  provider.people.clear()
  provider.people.set('bea-1', { email: 'Bea@Example.org', email_verified: true, name: 'Bea', groups: ['everyone'] })
  provider.mood.person = 'bea-1'
  provider.mood.forge = null
  use()
})
afterEach(() => services.close())

async function get(url: string): Promise<string> {
  const headers = { cookie: jar.header(), 'x-forwarded-for': '192.0.2.9' }
  const response = url.startsWith(ORIGIN)
    ? await auth.handler(new Request(url, { headers }))
    : await fetch(url, { headers, redirect: 'manual' })
  jar.keep(response)
  const next = response.headers.get('location')
  expect(next, `${response.status} of ${url}`).not.toBeNull()
  return new URL(next ?? '', url).href
}

/** From the button to the address that the provider sends the browser back to. */
async function comeBack(next = '/clusters/new'): Promise<string> {
  let url = `${ORIGIN}/api/auth/sso/start?next=${encodeURIComponent(next)}`
  for (let hop = 0; hop < 10 && !url.startsWith(CALLBACK) && !url.startsWith(`${ORIGIN}/sign-in`); hop++) {
    url = await get(url)
  }
  return url
}

/** The whole way: path and query of the page at its end. */
async function signIn(): Promise<string> {
  const url = await comeBack()
  return toPath(url.startsWith(CALLBACK) ? await get(url) : url)
}

function toPath(url: string): string {
  const { origin, pathname, search } = new URL(url)
  expect(origin).toBe(ORIGIN)
  return decodeURIComponent(pathname + search)
}

const SIGNED_IN = '/sign-in?next=/clusters/new'
const refusedFor = (problem: string) => `/sign-in?problem=${problem}&next=/clusters/new`
const whoIs = async () => (await readSession({ auth, ...options }, new Headers({ cookie: jar.header() })))?.user ?? null
const groupsOf = (groups: string[]) => {
  provider.people.set('bea-1', { ...provider.people.get('bea-1'), groups })
}
const audit = async () =>
  (await services.readAudit()).map(({ action, outcome, after }) => ({ action, outcome, after: after ?? {} }))
const userRow = (email = 'bea@example.org') => options.db.user.findUnique({ where: { email } })

async function addCluster(id: string, name: string): Promise<void> {
  await options.db.cluster.create({
    data: { id, name, connectString: '127.0.0.1:1', sessionTimeoutMs: 10_000, environment: 'production' },
  })
}

describe('single sign-on', () => {
  test('makes a person with the role of the groups and without a password, who is signed in and on record', async () => {
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ name: 'Bea', email: 'bea@example.org', role: 'viewer' })
    const accounts = await options.db.account.findMany()
    expect(accounts).toMatchObject([{ providerId: 'oidc', accountId: `${provider.issuer} bea-1`, password: null }])
    expect(accounts[0]).toMatchObject({ accessToken: null, refreshToken: null, idToken: null })
    expect(await audit()).toMatchObject([
      { action: 'people.follow-provider', outcome: 'ok', after: { how: 'made', role: 'viewer' } },
      { action: 'session.sign-in', outcome: 'ok', after: { with: 'single sign-on' } },
    ])
    expect(JSON.stringify([await services.readAudit(), services.logLines])).not.toContain(CLIENT_SECRET)
    const session = await options.db.session.findFirstOrThrow()
    expect(session.signedInWith).toBe('provider')
    expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(12 * HOUR_MS)
  })

  test('takes groups and address from the ID token where they are in it, above what else the provider says', async () => {
    const claims = { groups: ['keepers'], email: 'Bea.New@example.org', email_verified: true }
    provider.mood.forge = (given, sign) => sign({ ...given, ...claims })
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ email: 'bea.new@example.org', role: 'admin' })
  })

  test('raises and lowers the role at each sign-in, also at single clusters, and says nothing where nothing changed', async () => {
    await addCluster('c1', 'orders')
    await addCluster('c2', 'users')
    groupsOf(['everyone', 'ops', 'orders-ops', 'unheard-of'])
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ role: 'operator' })
    const { id: userId } = (await userRow()) ?? { id: '' }
    const rolesAt = () => options.db.clusterRole.findMany({ select: { clusterId: true, role: true } })
    expect(await rolesAt()).toEqual([{ clusterId: 'c1', role: 'operator' }])
    await options.db.clusterRole.create({ data: { userId, clusterId: 'c2', role: 'none' } })
    const before = (await audit()).length
    expect(await signIn()).toBe(SIGNED_IN)
    expect((await audit()).slice(before).map(({ action }) => action)).toEqual(['session.sign-in'])
    groupsOf(['everyone'])
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ role: 'viewer' })
    expect(await rolesAt(), 'what the mapping does not name stays').toEqual([{ clusterId: 'c2', role: 'none' }])
    groupsOf(['orders-ops'])
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ role: 'none' })
    expect(await options.db.user.count()).toBe(1)
  })

  test('refuses whose groups give nothing, and takes what they had: role, clusters, open sessions', async () => {
    groupsOf(['unheard-of'])
    expect(await signIn()).toBe(refusedFor('no-group'))
    expect(await options.db.user.count()).toBe(0)
    await addCluster('c1', 'orders')
    groupsOf(['keepers', 'orders-ops'])
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ role: 'admin' })
    const elsewhere = jar.copy()
    groupsOf([])
    expect(await signIn()).toBe(refusedFor('no-group'))
    expect(await userRow()).toMatchObject({ role: 'none' })
    expect(await options.db.clusterRole.count()).toBe(0)
    jar = elsewhere
    expect(await whoIs()).toBeNull()
    expect((await audit()).at(-1)).toMatchObject({ action: 'session.sign-in', outcome: 'denied' })
  })

  test('leaves an account of the same address alone, unless linking is switched on and the address is verified', async () => {
    await createFirstAdministrator(services.contextFor('admin'), ADMIN)
    provider.people.set('bea-1', { email: ADMIN.email, email_verified: true, groups: ['everyone'] })
    expect(await signIn()).toBe(refusedFor('email-taken'))
    use({ linkByEmail: true })
    provider.people.set('bea-1', { email: ADMIN.email, email_verified: false, groups: ['everyone'] })
    expect(await signIn()).toBe(refusedFor('email-not-verified'))
    provider.people.set('bea-1', { email: ADMIN.email, groups: ['everyone'] })
    expect(await signIn()).toBe(refusedFor('email-not-verified'))
    expect(await userRow(ADMIN.email)).toMatchObject({ role: 'admin' })
    provider.people.set('bea-1', { email: ADMIN.email, email_verified: true, groups: ['keepers'] })
    expect(await signIn()).toBe(SIGNED_IN)
    expect(await whoIs()).toMatchObject({ name: 'Ada', email: ADMIN.email, role: 'admin' })
    expect(await options.db.user.count()).toBe(1)
  })

  test('gives nobody the account of whoever had their address at the provider before', async () => {
    use({ linkByEmail: true })
    expect(await signIn()).toBe(SIGNED_IN)
    const bea = await userRow()
    provider.people.set('bob-2', { email: 'bea@example.org', email_verified: true, name: 'Bob', groups: ['keepers'] })
    provider.mood.person = 'bob-2'
    jar = new CookieJar()
    expect(await signIn()).toBe(refusedFor('email-taken'))
    expect(await whoIs()).toBeNull()
    expect(await userRow()).toEqual(bea)
  })

  test('keeps to the rules of who may come: domains, no new people, deactivated', async () => {
    use({ allowedDomains: ['elsewhere.example'] })
    expect(await signIn()).toBe(refusedFor('domain-not-allowed'))
    use({ createPeople: false })
    expect(await signIn()).toBe(refusedFor('not-invited'))
    provider.people.set('bea-1', { groups: ['everyone'] })
    use()
    expect(await signIn()).toBe(refusedFor('no-email'))
    provider.people.set('bea-1', { email: 'bea@example.org', groups: ['everyone'] })
    use({ assumeEmailVerified: true, allowedDomains: ['example.org'] })
    expect(await signIn()).toBe(SIGNED_IN)
    await options.db.user.updateMany({ data: { deactivatedAt: new Date() } })
    expect(await signIn()).toBe(refusedFor('deactivated'))
    expect(await whoIs()).toBeNull()
  })

  test('can leave passwords to named accounts only, which nobody learns who does not know the password', async () => {
    await createFirstAdministrator(services.contextFor('admin'), ADMIN)
    const withPassword = async (password: string) => {
      const response = await auth.handler(
        new Request(`${ORIGIN}/api/auth/sign-in/email`, {
          method: 'POST',
          headers: { origin: ORIGIN, 'content-type': 'application/json' },
          body: JSON.stringify({ email: ADMIN.email, password }),
        }),
      )
      return [response.status, (await response.json()).code]
    }
    use({ passwordSignIn: ['root@example.org'] })
    expect(await withPassword(ADMIN.password)).toEqual([401, 'PASSWORD_SIGN_IN_CLOSED'])
    expect(await withPassword('planted-wrong-guess')).toEqual([401, 'INVALID_EMAIL_OR_PASSWORD'])
    expect(await options.db.session.count()).toBe(0)
    use({ passwordSignIn: [ADMIN.email] })
    expect(await withPassword(ADMIN.password)).toEqual([200, undefined])
    expect(await signIn()).toBe(SIGNED_IN)
  })

  test('signs out here, and goes on to the provider when told to', async () => {
    expect(await get(`${ORIGIN}/api/auth/sso/end`)).toMatch(
      new RegExp(
        `^${provider.issuer}/session/end\\?.*post_logout_redirect_uri=${encodeURIComponent(`${ORIGIN}/sign-in`)}`,
      ),
    )
    use({ signOutAtProvider: false })
    expect(await get(`${ORIGIN}/api/auth/sso/end`)).toBe(`${ORIGIN}/sign-in`)
  })
})

test('behind a path of a proxy the provider is told that path, and pages are below it', async () => {
  const root = 'https://tools.example/arkeeper'
  use({}, root)
  const response = await auth.handler(new Request(`${ORIGIN}/api/auth/sso/start`))
  const asked = new URL(response.headers.get('location') ?? '').searchParams
  expect(asked.get('redirect_uri')).toBe(`${root}/api/auth/sso/callback`)
  expect(asked.get('code_challenge_method')).toBe('S256')
  const back = await auth.handler(new Request(`${ORIGIN}/api/auth/sso/callback?code=x&state=y`))
  expect(back.headers.get('location')).toBe(`${root}/sign-in?problem=wrong-state`)
})

describe('an answer that is not the one that was asked for', () => {
  const REFUSED = refusedFor('answer-invalid')
  afterEach(async () => {
    expect(await whoIs()).toBeNull()
    expect(await options.db.session.count()).toBe(0)
    expect(await options.db.user.count()).toBe(0)
  })

  test.each<[string, NonNullable<TestProvider['mood']['forge']>]>([
    ['signed by somebody else', (claims, sign) => sign(claims, 'foreign')],
    ['not signed', (claims, sign) => sign(claims, 'none')],
    ['for another client', (claims, sign) => sign({ ...claims, aud: 'another' })],
    ['of another issuer', (claims, sign) => sign({ ...claims, iss: 'https://elsewhere.example' })],
    ['over', (claims, sign) => sign({ ...claims, iat: 1_700_000_000, exp: 1_700_000_600 })],
    ['made for another sign-in', (claims, sign) => sign({ ...claims, nonce: 'another' })],
    ['of another person than the one asked about', (claims, sign) => sign({ ...claims, sub: 'ada-1' })],
    ['no token at all', () => 'planted'],
  ])('a token that is %s', async (_what, forge) => {
    provider.mood.forge = forge
    expect(await signIn()).toBe(REFUSED)
    expect(await audit()).toMatchObject([{ action: 'session.sign-in', outcome: 'denied' }])
  })

  test('a state that is forged, or of another browser, or a second use', async () => {
    const url = await comeBack()
    const before = jar.copy()
    const forged = new URL(url)
    forged.searchParams.set('state', 'forged')
    expect(toPath(await get(forged.href))).toBe(refusedFor('wrong-state'))
    jar = new CookieJar()
    expect(toPath(await get(url)), 'a browser that has not asked').toBe('/sign-in?problem=wrong-state')
    jar = before.copy()
    const [name = ''] = jar.header().match(/arkeeper-3000\.sso=/) ?? []
    expect(name).not.toBe('')
    const tampered = new Headers({ cookie: jar.header().replace(/(arkeeper-3000\.sso=)..../, '$1AAAA') })
    const response = await auth.handler(new Request(url, { headers: tampered }))
    expect(response.headers.get('location')).toContain('problem=wrong-state')
  })

  test('a code of before, and an answer of another issuer', async () => {
    const url = await comeBack()
    const before = jar.copy()
    const mixedUp = new URL(url)
    mixedUp.searchParams.set('iss', 'https://elsewhere.example')
    expect(toPath(await get(mixedUp.href))).toBe(REFUSED)
    jar = before.copy()
    expect(toPath(await get(url))).toBe(SIGNED_IN)
    await options.db.session.deleteMany()
    await options.db.user.deleteMany()
    jar = before.copy()
    expect(toPath(await get(url)), 'the same code again').toBe(REFUSED)
  })

  test('a no, a provider that says it is another, and one that does not answer', async () => {
    provider.mood.person = null
    expect(await signIn()).toBe(refusedFor('denied'))
    use({ issuer: provider.issuer.replace('127.0.0.1', 'localhost') })
    expect(toPath(await get(`${ORIGIN}/api/auth/sso/start`))).toBe('/sign-in?problem=answer-invalid')
    const gone = await startTestProvider([CALLBACK])
    await gone.close()
    use({ issuer: gone.issuer })
    expect(toPath(await get(`${ORIGIN}/api/auth/sso/start`))).toBe('/sign-in?problem=provider-unreachable')
  })

  test('an answer that comes too late', async () => {
    let now = Date.now()
    options = { ...options, clock: { now: () => now } }
    auth = createAuth(options)
    const url = await comeBack()
    now += 11 * 60_000
    expect(toPath(await get(url))).toBe(refusedFor('wrong-state'))
  })
})

test('where there is no single sign-on its addresses are not there', async () => {
  auth = createAuth({ ...options, singleSignOn: null })
  for (const path of ['start', 'callback', 'end']) {
    const response = await auth.handler(new Request(`${ORIGIN}/api/auth/sso/${path}`))
    expect(response.status, path).toBe(404)
  }
})
