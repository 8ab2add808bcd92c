import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { addCluster } from '../services/clusters/add-cluster.ts'
import { getClusterTarget } from '../services/clusters/open-cluster.ts'
import type { Actor } from '../services/context.ts'
import { createFirstAdministrator } from '../services/people/create-first-administrator.ts'
import { readEnv } from './env.ts'
import { getRuntime, openRuntime } from './runtime.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const SYSTEM: Actor = { kind: 'system', id: null, name: 'test', role: 'admin' }
const CLUSTER = {
  name: 'orders',
  connectString: 'zk:2181',
  auth: { kind: 'digest' as const, username: 'ark', password: 'planted-password' },
}

let parent: string
let dataDir: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'arkeeper-runtime-'))
  dataDir = join(parent, 'data')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(parent, { recursive: true })
})

const envOf = (more: Record<string, string> = {}) => {
  const env = readEnv({ ARKEEPER_DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...more })
  return () => env
}

describe('a runtime', () => {
  test('makes what is missing, for its owner only, and finds everything again after a restart', async () => {
    const first = await openRuntime(envOf())
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    expect(statSync(join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600)
    const { id } = await addCluster(first.contextFor(SYSTEM), CLUSTER)
    const { email, password } = { email: 'ada@example.org', password: 'planted-password-1' }
    await createFirstAdministrator(first.contextFor(SYSTEM), { name: 'Ada', email, password })
    const signedIn = await first.auth.api.signInEmail({ body: { email, password }, asResponse: true })
    await first.close()

    const second = await openRuntime(envOf())
    expect((await getClusterTarget(second.contextFor(SYSTEM), id)).auth).toEqual([
      { scheme: 'digest', id: 'ark:planted-password' },
    ])
    // The cookie is signed with a secret that is derived from the same key.
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect((await second.auth.api.getSession({ headers: new Headers({ cookie }) }))?.user.email).toBe(email)
    await second.close()
  })

  test('works on with single sign-on that is not sound, but lets nobody sign in past its rules', async () => {
    mkdirSync(dataDir, { mode: 0o700 })
    writeFileSync(join(dataDir, 'arkeeper.json'), JSON.stringify({ singleSignOn: { issuer: 'http://id.example' } }))
    const runtime = await openRuntime(envOf())
    await addCluster(runtime.contextFor(SYSTEM), CLUSTER)
    expect(() => runtime.auth).toThrow(/not configured soundly/)
    expect(() => runtime.singleSignOn).toThrow(/not configured soundly/)
    await runtime.close()
  })

  test('closes a data directory that others could look into', async () => {
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o755)
    await (await openRuntime(envOf())).close()
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
  })

  test('says that a secret was sealed with another key', async () => {
    const first = await openRuntime(envOf({ ARKEEPER_SECRET_KEY: 'aa'.repeat(32) }))
    const { id } = await addCluster(first.contextFor(SYSTEM), CLUSTER)
    await first.close()
    const other = { ARKEEPER_SECRET_KEY: 'bb'.repeat(32) }
    await expect(openRuntime(envOf(other))).rejects.toMatchObject({
      code: 'KEYS_DIFFER',
      remedy: expect.stringContaining('ARKEEPER_ADOPT_KEYS=1'),
    })
    await (await openRuntime(envOf({ ...other, ARKEEPER_ADOPT_KEYS: '1' }))).close()
    const second = await openRuntime(envOf(other))
    await expect(getClusterTarget(second.contextFor(SYSTEM), id)).rejects.toMatchObject({
      name: 'ServiceError',
      code: 'SECRET_UNREADABLE',
      remedy: expect.any(String),
    })
    await second.close()
  })

  test('has the keys of the other hosts: one that was given the same secret key signs as they do, another does not start', async () => {
    const key = 'aa'.repeat(32)
    const hostOf = (name: string, vars: Record<string, string> = {}) =>
      envOf({ ARKEEPER_DATA_DIR: join(dataDir, name), DATABASE_URL: `file:${join(dataDir, 'ark.db')}`, ...vars })
    const a = await openRuntime(hostOf('a', { ARKEEPER_SECRET_KEY: key }))
    const b = await openRuntime(hostOf('b', { ARKEEPER_SECRET_KEY: key }))
    expect(b.contextFor(SYSTEM).auditKey.keyId).toBe(a.contextFor(SYSTEM).auditKey.keyId)
    expect(b.contextFor(SYSTEM).auditKey.sign('text')).toBe(a.contextFor(SYSTEM).auditKey.sign('text'))
    await Promise.all([a.close(), b.close()])
    await expect(openRuntime(hostOf('c'))).rejects.toMatchObject({ code: 'KEYS_DIFFER' })
    const audit = { ARKEEPER_SECRET_KEY: key, ARKEEPER_AUDIT_KEY: 'cd'.repeat(32) }
    await expect(openRuntime(hostOf('d', audit))).rejects.toMatchObject({
      code: 'KEYS_DIFFER',
      message: expect.stringContaining('audit key'),
    })
    // On the host that had the former one, it was replaced on purpose.
    await (await openRuntime(hostOf('a', audit))).close()
    await (await openRuntime(hostOf('d', audit))).close()
    await expect(openRuntime(hostOf('e', { ARKEEPER_SECRET_KEY: key }))).rejects.toMatchObject({ code: 'KEYS_DIFFER' })
  })

  test('does not start with a key file that others can read', async () => {
    await (await openRuntime(envOf())).close()
    chmodSync(join(dataDir, 'secret.key'), 0o644)
    await expect(openRuntime(envOf())).rejects.toMatchObject({ code: 'SECRET_KEY_EXPOSED' })
  })
})

describe('the runtime of a process', () => {
  test('is opened once for all who ask, and anew after it was closed', async () => {
    vi.stubEnv('ARKEEPER_DATA_DIR', dataDir)
    vi.stubEnv('LOG_LEVEL', 'silent')
    const [a, b] = await Promise.all([getRuntime(), getRuntime()])
    expect(a).toBe(b)
    await a.close()
    const c = await getRuntime()
    expect(c).not.toBe(a)
    expect(await c.db.cluster.count()).toBe(0)
    await c.close()
  })

  test('is tried again after it could not be opened', async () => {
    vi.stubEnv('ARKEEPER_DATA_DIR', dataDir)
    vi.stubEnv('LOG_LEVEL', 'nonsense')
    await expect(getRuntime()).rejects.toMatchObject({ code: 'ENVIRONMENT_INVALID' })
    vi.stubEnv('LOG_LEVEL', 'silent')
    await (await getRuntime()).close()
  })
})
