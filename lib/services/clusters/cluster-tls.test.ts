import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestAuthority } from '../../testing/certificates.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { identitiesOf } from '../engine/identities.ts'
import { addCluster } from './add-cluster.ts'
import { findCertificateAlarms } from './certificate-alarms.ts'
import { getCluster } from './get-cluster.ts'
import { getClusterTarget } from './open-cluster.ts'
import { updateCluster } from './update-cluster.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const DAY_MS = 86_400_000
const authority = createTestAuthority('CN=Corp authority')
const client = authority.issue('CN=arkeeper,O=Corp')
const other = authority.issue('CN=other,O=Corp')
const INPUT = { name: 'Orders', connectString: 'zk1:2281', environment: 'production' as const }
const ON = { kind: 'on' as const, ca: authority.cert, cert: client.cert, key: client.key }

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')
const addWithTls = () => addCluster(admin(), { ...INPUT, tls: ON })

test('the key is sealed, opened for the adapter only, and shown nowhere', async () => {
  const added = await addWithTls()
  expect(added.tls).toMatchObject({
    checkName: true,
    certificates: [
      { of: 'authority', subject: 'CN=Corp authority' },
      { of: 'client', subject: 'CN=arkeeper,O=Corp', issuer: 'CN=Corp authority' },
    ],
  })
  expect(await getClusterTarget(admin(), added.id)).toMatchObject({
    tls: { ca: authority.cert.trim(), cert: client.cert.trim(), key: client.key.trim(), checkName: true },
  })
  const row = await services.database.client.cluster.findUniqueOrThrow({ where: { id: added.id } })
  expect(Buffer.from(row.tlsKey ?? []).toString('latin1')).not.toContain('PRIVATE KEY')
  const audit = await services.readAudit()
  const secret = client.key.split('\n')[1] ?? 'no key'
  expect(JSON.stringify([added, await getCluster(admin(), added.id), audit, services.logLines])).not.toContain(secret)
  expect(audit.at(-1)?.after).toMatchObject({ tls: 'on, trusting CN=Corp authority, as CN=arkeeper,O=Corp' })
})

test('an empty key keeps the stored one as long as it fits; `keep` keeps everything; `off` forgets everything', async () => {
  const { id } = await addWithTls()
  await updateCluster(admin(), { ...INPUT, clusterId: id })
  expect((await getClusterTarget(admin(), id)).tls?.key).toBe(client.key.trim())

  const kept = await updateCluster(admin(), { ...INPUT, clusterId: id, tls: { ...ON, key: '', checkName: false } })
  expect(kept.tls?.checkName).toBe(false)
  expect((await getClusterTarget(admin(), id)).tls).toMatchObject({ key: client.key.trim(), checkName: false })

  const swap = updateCluster(admin(), { ...INPUT, clusterId: id, tls: { ...ON, cert: other.cert, key: '' } })
  await expect(swap).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { fields: { 'tls.key': expect.anything() } },
  })

  const off = await updateCluster(admin(), { ...INPUT, clusterId: id, tls: { kind: 'off' } })
  expect(off.tls).toBeNull()
  const row = await services.database.client.cluster.findUniqueOrThrow({ where: { id } })
  expect(row).toMatchObject({ tlsCa: null, tlsCert: null, tlsKey: null, tlsCheckName: true })
})

test('what does not fit together is refused by its field, and nothing is stored', async () => {
  const cases = [
    [{ ...ON, ca: 'no PEM' }, 'tls.ca'],
    [{ ...ON, ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, 'tls.ca'],
    [{ ...ON, key: other.key }, 'tls.key'],
    [{ ...ON, key: '' }, 'tls.key'],
    [{ ...ON, cert: '' }, 'tls.cert'],
  ] as const
  for (const [tls, field] of cases) {
    await expect(addCluster(admin(), { ...INPUT, tls })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { [field]: expect.any(String) } },
    })
  }
  expect(await services.database.client.cluster.count()).toBe(0)
})

test('a certificate that ends within thirty days is an alarm, whoever it belongs to', () => {
  const now = Date.parse('2026-06-01T00:00:00Z')
  const certificate = (of: 'server' | 'client' | 'authority', days: number) => ({
    of,
    subject: `CN=${of}`,
    issuer: 'CN=x',
    validTo: new Date(now + days * DAY_MS).toISOString(),
  })
  const tls = {
    ca: '',
    cert: '',
    checkName: true,
    certificates: [certificate('authority', 900), certificate('client', -1)],
  }
  const servers = [
    { server: 'zk1:2281', certificate: certificate('server', 12) },
    { server: 'zk2:2281', certificate: certificate('server', 31) },
    { server: 'zk3:2281', certificate: null },
  ]
  expect(findCertificateAlarms(tls, servers, now)).toEqual([
    { server: 'zk1:2281', kind: 'certificate', text: 'its certificate CN=server expires in 12 days (2026-06-13)' },
    {
      server: 'TLS settings',
      kind: 'certificate',
      text: 'our client certificate CN=client expired 1 day ago (2026-05-31)',
    },
  ])
  expect(findCertificateAlarms(null, [], now)).toEqual([])
})

test('SASL credentials are sealed like any, and are who ACLs mean; so is the subject of the client certificate', async () => {
  const auth = { kind: 'sasl' as const, username: 'bob', password: 'planted-password' }
  const added = await addCluster(admin(), { ...INPUT, auth, tls: ON })
  const target = await getClusterTarget(admin(), added.id)
  expect(target.auth).toEqual([{ scheme: 'sasl', id: 'bob:planted-password' }])
  expect(identitiesOf(target)).toEqual([
    { scheme: 'x509', id: 'CN=arkeeper,O=Corp' },
    { scheme: 'sasl', id: 'bob' },
  ])
  expect(JSON.stringify([added, await services.readAudit(), services.logLines])).not.toContain('planted')
})
