import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { APIRequestContext, APIResponse } from '@playwright/test'
import { OPERATION_LIST } from '../../lib/services/api/contract.ts'
import { makeApiToken } from '../../lib/services/tokens/token-format.ts'
import { bearerOf } from '../support/act.ts'
import { expect, test } from '../support/fixtures.ts'
import { CONSOLE_PAGES, type Gallery, PLANTED_PASSWORD } from '../support/gallery.ts'
import { watchPolicy } from '../support/policy.ts'
import type { Product } from '../support/product.ts'
import { API_VALUES, OPEN_ACTIONS } from '../support/role-map.ts'
import { fillPattern, listPages, listRouteHandlers, listServerActions } from '../support/site-map.ts'

/** Open on purpose: probes of an orchestrator, metrics for whoever is on this host, and what signing in itself needs. */
const OPEN_HANDLERS = ['/healthz', '/readyz', '/metrics', '/api/auth/[...all]', '/api/v1/openapi.json']
const OPEN_PAGES = ['/sign-in', '/setup', '/invitation']
/** What a page or an answer about the gallery would give away. */
const CONTENT = ['checkout.json', 'new-basket', 'x-gallery', 'before the change', PLANTED_PASSWORD]

const handlers = listRouteHandlers().filter(({ pattern }) => !OPEN_HANDLERS.includes(pattern))

/** Those that a session opens; the API takes tokens only. */
const cookieHandlers = handlers.filter(({ pattern }) => !pattern.startsWith('/api/v1/'))

function addressOfHandler(demo: Product, gallery: Gallery, pattern: string): string {
  const values = {
    clusterId: gallery.cluster.id,
    backupId: gallery.backupId,
    diffId: gallery.diffId,
    searchId: gallery.searchId,
    restoreId: gallery.finishedRestoreId,
    physicalId: gallery.runbookId,
    migrationId: gallery.migrationId,
    scheduleId: gallery.scheduleId,
    jobId: gallery.jobId,
    kind: 'live',
    id: gallery.cluster.id,
    treeId: gallery.cluster.id,
    name: 'manifest.json',
    exportId: 'none',
    ...API_VALUES,
    all: 'sign-out',
  }
  return `${demo.url}${fillPattern(pattern, values)}?path=/config/checkout.json&parent=/&format=jsonl`
}

function expectNoContent(body: string, where: string): void {
  for (const word of CONTENT) expect(body.includes(word), `${where} gives away ${word}`).toBe(false)
}

test('every route handler answers 401 without content to whoever is not signed in', async ({
  demo,
  gallery,
  request,
}) => {
  expect(handlers.length).toBeGreaterThan(10)
  for (const { pattern, methods } of handlers) {
    for (const method of methods) {
      const answer = await request.fetch(addressOfHandler(demo, gallery, pattern), {
        method,
        maxRedirects: 0,
        ...(method === 'GET' ? {} : { data: { clusterId: gallery.cluster.id, dirs: ['/'], znodes: [] } }),
      })
      const where = `${method} ${pattern}`
      expect(answer.status(), where).toBe(401)
      expect(await answer.json(), where).toMatchObject({ code: 'SIGNED_OUT' })
      expectNoContent(await answer.text(), where)
    }
  }
})

test('every page leads to signing in, and gives nothing away on the way', async ({ demo, gallery, request }) => {
  expect(listPages().filter((pattern) => !OPEN_PAGES.includes(pattern))).toEqual(CONSOLE_PAGES)
  for (const pattern of CONSOLE_PAGES) {
    // Without its query, which an answer may well repeat.
    const address = gallery.addressOf(pattern).replace(/\?.*/, '')
    const page = await request.get(address, { maxRedirects: 0 })
    expect([302, 303, 307], pattern).toContain(page.status())
    expect(page.headers().location, pattern).toMatch(/^(http:\/\/[^/]+)?\/sign-in/)
    expectNoContent(await page.text(), pattern)
    // The router is told to go elsewhere inside of an answer; its own mark in the address is asked for first.
    const load = await request.get(address, { headers: { rsc: '1' } })
    const body = await load.text()
    expect(body, `${pattern} for the router`).toMatch(/NEXT_REDIRECT[^"]*\/sign-in/)
    expectNoContent(body, `${pattern} for the router`)
  }
  // What the client's router asks for leaves out the layout, which is where a session is easily asked for once and then forgotten.
  const loads = gallery.requests.filter((each) => 'rsc' in each.headers && !('next-action' in each.headers))
  expect(loads.length).toBeGreaterThan(3)
  for (const load of loads) {
    const { cookie: _cookie, ...headers } = load.headers
    const answer = await request.get(load.url, { headers, maxRedirects: 0 })
    expectNoContent(await answer.text(), `router load of ${load.url}`)
  }
  expect((await request.get(`${demo.url}/healthz`)).status()).toBe(200)
})

test('every server action refuses without a session, and does nothing', async ({
  demo,
  gallery,
  request,
  signedIn,
}) => {
  const before = await countEverything(signedIn.request, demo)
  const actions = listServerActions()
  expect(actions.map((each) => each.name)).toEqual(expect.arrayContaining(['startBackupAction', 'setZnodeDataAction']))
  for (const { id, name } of actions) {
    const answer = await request.post(`${demo.url}/sign-in`, {
      headers: { 'next-action': id, origin: demo.url, 'content-type': 'text/plain;charset=UTF-8' },
      data: JSON.stringify([{ clusterId: gallery.cluster.id, backupId: gallery.backupId }]),
      maxRedirects: 0,
    })
    const body = await answer.text()
    if (OPEN_ACTIONS.includes(name)) expect(body, name).not.toContain('"ok":true')
    else expect(body, name).toContain('SIGNED_OUT')
    expectNoContent(body, name)
  }
  const recorded = gallery.requests.filter((each) => 'next-action' in each.headers)
  expect(recorded.length).toBeGreaterThan(5)
  for (const each of recorded) {
    const { cookie: _cookie, 'content-length': _length, ...headers } = each.headers
    const answer = await request.post(each.url, { headers, data: each.body ?? undefined, maxRedirects: 0 })
    const body = await answer.text()
    expect(body, each.url).toContain('SIGNED_OUT')
    expectNoContent(body, each.url)
  }
  expect(await countEverything(signedIn.request, demo)).toEqual(before)
})

test('a page of another origin that rides on the cookie changes nothing, nor does what does not say where it comes from', async ({
  demo,
  gallery,
  signedIn,
}) => {
  const api = signedIn.request
  const before = await countEverything(api, demo)
  const doors = listRouteHandlers().flatMap(({ pattern, methods }) =>
    methods.filter((method) => method !== 'GET').map((method) => ({ pattern, method })),
  )
  expect(doors.map(({ pattern }) => pattern)).toContain('/api/auth/[...all]')
  // Another port of the same host is the same site: SameSite alone does not keep its cookie back.
  for (const origin of ['https://evil.example', demo.url.replace(/\d+$/, '1'), 'null', null]) {
    const from: Record<string, string> = origin === null ? {} : { origin }
    for (const { pattern, method } of doors) {
      const answer = await api.fetch(addressOfHandler(demo, gallery, pattern), {
        method,
        headers: { ...from, 'content-type': 'text/plain' },
        data: JSON.stringify({ clusterId: gallery.cluster.id, dirs: ['/'], znodes: [] }),
      })
      expect(answer.status(), `${method} ${pattern} from ${origin}`).toBe(403)
      expect(await answer.json()).toMatchObject({ code: 'FORBIDDEN', remedy: expect.any(String) })
    }
    for (const { id, name } of listServerActions()) {
      const headers = { ...from, 'next-action': id, 'content-type': 'text/plain;charset=UTF-8' }
      const answer = await api.post(`${demo.url}/account`, { headers, data: '[{}]', maxRedirects: 0 })
      expect(answer.status(), `${name} from ${origin}`).toBe(403)
    }
    for (const each of gallery.requests.filter((one) => 'next-action' in one.headers)) {
      const { 'content-length': _length, origin: _origin, ...headers } = each.headers
      const answer = await api.post(each.url, { headers: { ...headers, ...from }, data: each.body ?? undefined })
      // What a browser says of the site stands for the Origin that it left out; here it is our own page's.
      if (origin !== null) expect(answer.status(), `an action from ${origin}`).toBe(403)
      if (origin === null) expect(headers['sec-fetch-site'] ?? answer.status(), each.url).not.toBe(200)
    }
    const signOut = await api.post(`${demo.url}/api/auth/sign-out`, { headers: from, data: {} })
    expect(signOut.status(), `sign-out from ${origin}`).toBe(403)
  }
  expect(await countEverything(api, demo)).toEqual(before)
})

test('a session opens nothing of the API, and neither does a token that is none', async ({
  demo,
  gallery,
  signedIn,
}) => {
  const operations = handlers.filter(({ pattern }) => pattern.startsWith('/api/v1/'))
  expect(operations.length).toBeGreaterThan(20)
  const tries: Record<string, string>[] = [{ origin: demo.url }, { authorization: `Bearer ${makeApiToken()}` }]
  for (const { pattern, methods } of operations) {
    for (const method of methods) {
      const address = addressOfHandler(demo, gallery, pattern)
      for (const headers of tries) {
        const answer = await signedIn.request.fetch(address, { method, headers })
        expect(answer.status(), `${method} ${pattern}`).toBe(401)
        expectNoContent(await answer.text(), pattern)
      }
    }
  }
})

/** What nobody types: identifiers, queries and bodies of somebody who tries what happens. */
const NASTY_IDS = ["'--", '../..', '__proto__', '%', '💥', 'x'.repeat(3000)]
const NASTY_QUERIES = [
  'path=&after=&limit=0&parent=&query=&left=&right=&zxid=&kind=&format=',
  'path=no-slash&after=-1&limit=1e9&parent=..&left=live:&right=moment:x.0x&zxid=0xzz&format=evil&kind=',
  "path=/'%20OR%201=1--&path=/b&after=%FF%FE&limit=abc&parent=/%00&left=backup:../..&zxid=99999999999999999999999&at=never",
  `path=/${'a'.repeat(3000)}&export=../../x&before=x&from=x&to=x&cluster=x&actor=x&action=x&outcome=x`,
]
const NASTY_BODIES = ['', '{', 'null', '[]', '"x"', '{"dirs":1,"znodes":{}}', '{"__proto__":{"x":1}}', '\u0000']
const INTERNALS =
  /\bat .*\.(m?js|ts):\d|node_modules|prisma|sqlite|\bSELECT\b|ENOENT|EACCES|\.next\/|undefined is not|Cannot read prop/i

test('whatever is asked for, a route answers with our error and never with what is behind it', async ({
  demo,
  gallery,
  signedIn,
}) => {
  const api = signedIn.request
  const seen: string[] = []
  const ask = async (method: string, address: string, body?: string) => {
    const answer = await api.fetch(address, {
      method,
      headers: { origin: demo.url, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { data: body ?? '' }),
      maxRedirects: 0,
    })
    const where = `${method} ${address.slice(demo.url.length, demo.url.length + 120)} ${body ?? ''}`
    const text = answer.ok() ? '' : await answer.text()
    const isOurs = answer.ok() || /^\{"code":"[A-Z_]+","message":"[^"]/.test(text)
    // What a cluster or a store cannot give is 502; anything else from 500 on is a fault of ours.
    const isSound = answer.status() < 500 || (answer.status() === 502 && !text.includes('"INTERNAL"'))
    if (!isOurs || !isSound || INTERNALS.test(text) || text.includes(demo.dataDir)) {
      seen.push(`${where}: ${answer.status()} ${text.slice(0, 300)}`)
    }
  }
  for (const { pattern, methods } of handlers) {
    const names = [...pattern.matchAll(/\[(?:\.\.\.)?(\w+)\]/g)].map(([, name]) => `${name}`)
    for (const method of methods) {
      for (const id of names.length > 0 ? NASTY_IDS : []) {
        await ask(method, demo.url + fillPattern(pattern, Object.fromEntries(names.map((name) => [name, id]))), '{}')
      }
      const [plain] = addressOfHandler(demo, gallery, pattern).split('?')
      // A live stream is no answer to a bad question; its body is what is bad.
      if (method === 'GET') for (const query of NASTY_QUERIES) await ask(method, `${plain}?${query}`)
      else for (const body of NASTY_BODIES) await ask(method, `${plain}`, body)
    }
  }
  expect(seen).toEqual([])
})

test('a download gives the files of its backup and nothing else of the disk', async ({ demo, gallery, signedIn }) => {
  const files = `${demo.url}/api/backups/${gallery.backupId}/files/`
  const good = await signedIn.request.get(`${files}manifest.json`)
  expect(good.status()).toBe(200)
  expectDownload(good, 'manifest.json')
  for (const name of [
    '..%2f..%2f..%2fdemo.json',
    '..%2Fmanifest.json',
    '%2e%2e%2f%2e%2e%2fdemo.json',
    '..%252f..%252fdemo.json',
    '..%5c..%5cdemo.json',
    '%2fetc%2fpasswd',
    `${encodeURIComponent(join(demo.dataDir, 'demo.json'))}`,
    'manifest.json%00.gz',
    '.%2fmanifest.json',
    '%25',
    'catalog.json',
  ]) {
    const answer = await signedIn.request.get(files + name, { maxRedirects: 0 })
    const body = await answer.text()
    expect([400, 404], `${name}: ${body}`).toContain(answer.status())
    expect(body, name).not.toContain(demo.signIn?.password)
    expect(body, name).not.toContain('root:')
  }
})

test('what somebody has stored in a znode is saved as a file and never shown as a page', async ({
  demo,
  gallery,
  signedIn,
}) => {
  for (const tree of [`live/${gallery.cluster.id}`, `backup/${gallery.backupId}`]) {
    const answer = await signedIn.request.get(`${demo.url}/api/trees/${tree}/data?path=/config/page.html`)
    expect(answer.status()).toBe(200)
    expect(await answer.text()).toContain('<script>')
    expectDownload(answer, 'page.html')
    expect(answer.headers()['content-type']).toBe('application/octet-stream')
    expect(answer.headers()['content-security-policy']).toContain('sandbox')
  }
})

function expectDownload(answer: APIResponse, name: string): void {
  expect(answer.headers()['x-content-type-options']).toBe('nosniff')
  expect(answer.headers()['content-disposition']).toMatch(new RegExp(`^attachment; filename="${name}"`))
  expect(answer.headers()['cache-control']).toContain('no-store')
}

test('the session cookie is out of the reach of scripts and of other sites', async ({ demo, signedIn }) => {
  const cookies = (await signedIn.context().cookies(demo.url)).filter((cookie) => /session/.test(cookie.name))
  expect(cookies.length).toBeGreaterThan(0)
  for (const cookie of cookies) {
    expect(cookie.httpOnly, cookie.name).toBe(true)
    expect(['Lax', 'Strict'], cookie.name).toContain(cookie.sameSite)
  }
  expect(await signedIn.evaluate(() => document.cookie)).not.toContain('session')
})

test('every page and route carries the headers of the door, and a script of nobody’s does not run', async ({
  demo,
  gallery,
  signedIn,
  request,
}) => {
  const api = signedIn.request
  const answers = new Map<string, APIResponse>()
  for (const pattern of CONSOLE_PAGES) answers.set(pattern, await api.get(gallery.addressOf(pattern)))
  for (const page of OPEN_PAGES) answers.set(page, await request.get(demo.url + page, { maxRedirects: 0 }))
  answers.set('a page that is not there', await api.get(`${demo.url}/no/such/page`))
  for (const [where, answer] of answers) {
    const policy = answer.headers()['content-security-policy'] ?? ''
    expect(policy, where).toMatch(/script-src 'self' 'nonce-[^' ]{20,}' 'strict-dynamic'(;|$)/)
    expect(policy.replace(/style-src-attr [^;]*/, ''), where).not.toMatch(/unsafe-|\*|https?:/)
    for (const each of ["frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"]) {
      expect(policy, where).toContain(each)
    }
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1]
    const scripts = (await answer.text()).match(/<script\b[^>]*>/g) ?? []
    expect(
      scripts.filter((tag) => !tag.includes(`nonce="${nonce}"`)),
      `${where}: scripts without the nonce`,
    ).toEqual([])
  }
  for (const { pattern, methods } of listRouteHandlers()) {
    for (const method of methods) {
      const answer = await request.fetch(addressOfHandler(demo, gallery, pattern), { method, maxRedirects: 0 })
      answers.set(`${method} ${pattern}`, answer)
      expect(answer.headers()['content-security-policy'], pattern).toMatch(/^sandbox; default-src 'none'/)
    }
  }
  answers.set('a refusal', await request.post(demo.url, { headers: { origin: 'https://evil.example' } }))
  for (const [where, answer] of answers) {
    const headers = answer.headers()
    expect(headers, where).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
      'cache-control': expect.stringContaining('no-store'),
    })
    expect(headers['x-powered-by'], where).toBeUndefined()
    expect(headers.server, where).toBeUndefined()
  }

  // What the other specs never see on their pages is seen when it is there.
  const policy = watchPolicy(signedIn)
  await signedIn.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="document.title = \'run by nobody\'">')
  })
  await expect.poll(() => policy.violations().length).toBeGreaterThanOrEqual(1)
  await expect(signedIn).not.toHaveTitle('run by nobody')
})

test('the stored password of a cluster is in no answer, no log and no file', async ({ demo, gallery, signedIn }) => {
  const api = signedIn.request
  const bodies = new Map<string, string>()
  for (const pattern of CONSOLE_PAGES) {
    const address = gallery.addressOf(pattern)
    bodies.set(`page ${pattern}`, await (await api.get(address)).text())
    bodies.set(`rsc ${pattern}`, await (await api.get(address, { headers: { rsc: '1' } })).text())
  }
  const headers = await bearerOf(api, demo, { name: 'search for a secret', scopes: ['read', 'backup'] })
  for (const [id, { method, path, query }] of OPERATION_LIST) {
    if (method !== 'GET') continue
    const address = addressOfHandler(demo, gallery, `/api/v1${path.replace(/\{(\w+)\}/g, '[$1]')}`)
    const wanted = 'path' in query.shape ? '?path=/config' : 'from' in query.shape ? `?from=0&to=${Date.now()}` : ''
    const answer = await api.get(address.replace(/\?.*/, wanted), { headers })
    expect(answer.status(), id).toBe(200)
    bodies.set(id, await answer.text())
  }
  for (const { pattern, methods } of cookieHandlers) {
    if (!methods.includes('GET')) continue
    for (const path of ['/config/checkout.json', '/config', '/']) {
      const address = addressOfHandler(demo, gallery, pattern).replace('/config/checkout.json', path)
      bodies.set(`GET ${pattern} ${path}`, await (await api.get(address)).text())
    }
  }
  const tested = await api.post(`${demo.url}/api/clusters/test`, {
    headers: { origin: demo.url },
    data: { clusterId: gallery.cluster.id },
  })
  expect(tested.status()).toBe(200)
  bodies.set('POST /api/clusters/test', await tested.text())
  expect(bodies.get('POST /api/clusters/test')).toContain('authenticate')
  expect(bodies.get('page /clusters/[clusterId]/settings')).toContain(gallery.cluster.name)
  for (const [where, body] of bodies) expect(findSecret(body), where).toBeNull()
  expect(findSecret(demo.output()), 'the output of the product').toBeNull()
  for (const file of await readdir(demo.dataDir, { recursive: true, withFileTypes: true })) {
    const name = join(file.parentPath, file.name)
    if (file.isFile()) expect(findSecret(await readIfThere(name)), name).toBeNull()
  }
})

test('neither a password, nor a session, nor a value is in what the product logs and puts on record', async ({
  demo,
  gallery,
  signedIn,
}) => {
  const cookies = await signedIn.context().cookies(demo.url)
  const session = cookies.find(({ name }) => name.includes('session_token'))?.value ?? ''
  // The part in front of the signature, too: it is what the database knows the session by.
  const token = decodeURIComponent(session).split('.')[0] ?? ''
  const planted = [PLANTED_PASSWORD, demo.signIn?.password ?? '', session, token, 'new-basket', '<script>']
  expect(planted.filter((secret) => secret.length < 5)).toEqual([])
  const refused = await signedIn.request.post(`${demo.url}/api/auth/sign-in/email`, {
    headers: { origin: demo.url },
    data: { email: 'planted@example.org', password: PLANTED_PASSWORD },
  })
  expect(refused.status()).toBe(401)
  const audit = await (await signedIn.request.get(`${demo.url}/api/audit/export?format=jsonl`)).text()
  expect(audit).toContain(gallery.cluster.name)
  expect(audit).toContain('planted@example.org')
  // Told once, on purpose, to whoever has started the demo.
  const output = demo.output().replace(/^demo sign-in: .*$/m, '')
  expect(output).toContain('ready:')
  for (const secret of planted) {
    for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
      expect(output.includes(form), `the output has ${secret}`).toBe(false)
      expect(audit.includes(form), `the audit has ${secret}`).toBe(false)
    }
  }
})

/** A product at work renames and removes files of its own. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

function findSecret(text: string): string | null {
  const forms = [PLANTED_PASSWORD, Buffer.from(PLANTED_PASSWORD).toString('base64'), `keeper:${PLANTED_PASSWORD}`]
  return forms.find((form) => text.includes(form)) ?? null
}

/** Whatever a mutation would leave: jobs, clusters, and one line in the audit for each. What is at work is waited for. */
async function countEverything(api: APIRequestContext, demo: Product): Promise<Record<string, number>> {
  const listJobs = async (): Promise<{ state: string }[]> => (await api.get(`${demo.url}/api/jobs`)).json()
  await expect
    .poll(async () => (await listJobs()).filter(({ state }) => ['queued', 'running'].includes(state)), {
      timeout: 60_000,
    })
    .toEqual([])
  const jobs = await listJobs()
  const audit = await (await api.get(`${demo.url}/api/audit/export?format=jsonl`)).text()
  const entries = audit
    .trim()
    .split('\n')
    .map((line): { action: string; outcome: string } => JSON.parse(line))
  // Reading the audit is audited itself, and who signs in beside us is no concern of this count.
  const done = entries.filter((entry) => entry.outcome === 'ok' && !/^(session|audit)\./.test(entry.action))
  return { jobs: jobs.length, done: done.length }
}
