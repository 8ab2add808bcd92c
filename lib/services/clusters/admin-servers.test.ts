import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from './add-cluster.ts'
import { getAdminServers, getAdminTargets } from './admin-servers.ts'
import { setAdminServers } from './set-admin-servers.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PASSWORD = 'planted-admin-password'
const CERT = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
const KEY = '-----BEGIN PRIVATE KEY-----\nplanted-private-key\n-----END PRIVATE KEY-----'
const DIGEST = { kind: 'digest' as const, username: 'super', password: PASSWORD }

let services: TestServices
let clusterId = ''
beforeEach(async () => {
  services = await createTestServices()
  clusterId = (await addCluster(admin(), { name: 'Orders', connectString: 'zk1:2181' })).id
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')

describe('the AdminServers of a cluster', () => {
  test('are stored with sealed secrets, which no view and no audit entry shows', async () => {
    const urls = [' http://zk1:8080/commands/ ', 'https://zk2:8443/zk']
    const view = await setAdminServers(admin(), {
      clusterId,
      urls,
      auth: DIGEST,
      tlsCa: CERT,
      tlsCert: CERT,
      tlsKey: KEY,
    })
    const expected = ['http://zk1:8080', 'https://zk2:8443/zk']
    expect(view).toEqual({ urls: expected, authScheme: 'digest', tlsCa: CERT, tlsCert: CERT, hasTlsKey: true })
    expect(await getAdminTargets(admin(), clusterId)).toEqual(
      expected.map((url) => ({
        url,
        auth: { scheme: 'digest', id: `super:${PASSWORD}` },
        tls: { ca: CERT, cert: CERT, key: KEY },
      })),
    )
    const audit = await services.readAudit()
    expect(audit.at(-1)).toMatchObject({
      action: 'cluster.set-admin-servers',
      outcome: 'ok',
      after: { adminServers: expected, authScheme: 'digest', credentialsChanged: true },
    })
    const row = await services.database.client.cluster.findFirstOrThrow({ where: { id: clusterId } })
    const stored = Buffer.concat([row.adminAuthSecret ?? Buffer.alloc(0), row.adminTlsKey ?? Buffer.alloc(0)])
    expect(stored.length).toBeGreaterThan(0)
    for (const text of [JSON.stringify(audit), JSON.stringify(view), stored.toString('latin1'), ...services.logLines]) {
      expect(text).not.toContain('planted')
    }
  })

  test('keep their secrets when told to, and lose them with what they belong to', async () => {
    const urls = ['http://zk1:8080']
    await setAdminServers(admin(), { clusterId, urls, auth: DIGEST, tlsCert: CERT, tlsKey: KEY })
    await setAdminServers(admin(), { clusterId, urls: [], auth: { kind: 'keep' }, tlsCert: CERT })
    expect(await getAdminServers(admin(), clusterId)).toMatchObject({ authScheme: 'digest', hasTlsKey: true, urls: [] })
    await setAdminServers(admin(), { clusterId, urls, auth: { kind: 'ip' } })
    expect(await getAdminTargets(admin(), clusterId)).toEqual([
      { url: urls[0], auth: { scheme: 'ip' }, tls: { ca: null, cert: null, key: null } },
    ])
  })

  test.each([
    ['an address that is none', { urls: ['zk1:8080'] }, 'urls'],
    ['credentials inside an address', { urls: ['http://a:b@zk1:8080'] }, 'urls'],
    ['a key without its certificate', { urls: [], tlsKey: KEY }, 'tlsCert'],
    ['an authority that is no PEM', { urls: [], tlsCa: 'hello' }, 'tlsCa'],
  ])('refuse %s and name the field', async (_what, input, field) => {
    const refused = setAdminServers(admin(), { clusterId, ...input })
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { [field]: expect.any(String) } },
    })
  })

  test('are an administrator’s to change', async () => {
    const refused = setAdminServers(services.contextFor('operator'), { clusterId, urls: ['http://zk1:8080'] })
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'cluster.set-admin-servers',
      outcome: 'denied',
    })
    expect((await getAdminServers(admin(), clusterId)).urls).toEqual([])
  })
})
