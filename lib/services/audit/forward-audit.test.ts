import { createHmac } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { isLinkLocal } from '../../adapters/log/outbound.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { ChainVerifier } from './chain-verifier.ts'
import { listAuditForwards, runDueAuditForward, setAuditForward, testAuditForward } from './forward-audit.ts'
import { getAuditState } from './get-audit-state.ts'
import { parseExportLine } from './read-export.ts'
import { writeAudit } from './write-audit.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const SECRET = 'planted-webhook-secret'
let services: TestServices
const cleanups: (() => void)[] = []
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup()
  await services.close()
})

const context = () => services.contextFor('admin')
const write = (path: string, outcome: 'ok' | 'denied' = 'ok') =>
  writeAudit(context().db, context(), { action: 'backup.pin', outcome, path })
const forward = () => runDueAuditForward(context(), 'worker')
const state = async () => (await listAuditForwards(context()))[0]

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answers with the first of `statuses` that is left, else 200. */
async function startWebhook(statuses: number[] = []) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) })
    response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1` }
}

async function startSyslog() {
  const received: string[] = []
  const server = createTcpServer((socket) => {
    text(socket).then(
      (all) => received.push(all),
      () => undefined,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return { received, url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const entriesOf = ({ body }: Received): { sequence: number; path: string }[] => JSON.parse(body).entries

describe('a webhook', () => {
  test('gets what comes from then on, in order, signed, and can verify it', async () => {
    await write('/before')
    const { received, url } = await startWebhook()
    await setAuditForward(context(), { kind: 'webhook', enabled: true, url, secret: SECRET })
    for (const path of ['/a', '/b']) await write(path)
    await forward()
    await write('/c')
    await forward()
    expect(await forward()).toBe(false)
    expect(received.map((request) => entriesOf(request).map(({ sequence }) => sequence))).toEqual([[2, 3, 4], [5]])
    const [first] = received
    if (!first) throw new Error('nothing came')
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first.headers['x-arkeeper-signature'])) ?? []
    expect(createHmac('sha256', SECRET).update(`${time}.${first.body}`).digest('hex')).toBe(signature)
    const verifier = new ChainVerifier({ isPartial: true })
    for (const entry of received.flatMap(entriesOf)) {
      const record = parseExportLine(JSON.stringify(entry))
      if (record) verifier.take(record)
    }
    expect(verifier.end(null)).toMatchObject({ ok: true, entries: 4 })
  })

  test('that fails is asked again, later each time, and nothing is lost or overtaken', async () => {
    const { received, url } = await startWebhook([500, 302, 200])
    await setAuditForward(context(), { kind: 'webhook', enabled: true, url })
    await forward()
    expect(await state()).toMatchObject({ failures: 1, lastError: expect.stringContaining('answered 500'), cursor: 0 })
    await write('/meanwhile')
    await forward()
    expect(received).toHaveLength(1)
    services.clock.advance(2_000)
    await forward()
    expect(await state()).toMatchObject({ failures: 2, lastError: expect.stringContaining('answered 302'), cursor: 0 })
    services.clock.advance(2_000)
    await forward()
    expect(received).toHaveLength(2)
    services.clock.advance(2_000)
    await forward()
    expect(await state()).toMatchObject({ failures: 0, lastError: null, cursor: 2 })
    expect(received.map((request) => entriesOf(request).map(({ sequence }) => sequence))).toEqual([[1], [1, 2], [1, 2]])
  })

  test('has its secret nowhere in sight', async () => {
    const { url } = await startWebhook()
    await setAuditForward(context(), { kind: 'webhook', enabled: true, url, secret: SECRET })
    const row = await services.database.client.auditForward.findFirst()
    expect(Buffer.from(row?.secret ?? []).toString('latin1')).not.toContain(SECRET)
    expect(JSON.stringify([await services.readAudit(), await state(), services.logLines])).not.toContain(SECRET)
    await setAuditForward(context(), { kind: 'webhook', enabled: true, url })
    expect(await state()).toMatchObject({ hasSecret: true })
    // The address of many a webhook is a secret itself.
    const shownTo = async (role: 'admin' | 'viewer') =>
      (await getAuditState(services.contextFor(role))).forwards[0]?.url
    expect(await shownTo('admin')).toBe(url)
    expect(await shownTo('viewer')).toBe(new URL(url).origin)
  })

  test('shows its whole address, which may hold a token, to nobody who may not set it', async () => {
    const url = 'https://hooks.example/planted-token?key=planted-key'
    await setAuditForward(context(), { kind: 'webhook', enabled: true, url })
    expect(await listAuditForwards(context())).toMatchObject([{ url }])
    for (const role of ['viewer', 'operator'] as const) {
      const seen = await listAuditForwards(services.contextFor(role))
      expect(seen).toMatchObject([{ url: 'https://hooks.example' }])
      expect(JSON.stringify(seen)).not.toContain('planted')
    }
  })

  test('is told by a test whether it works, on record either way', async () => {
    const { received, url } = await startWebhook([204, 404])
    await setAuditForward(context(), { kind: 'webhook', enabled: false, url })
    await testAuditForward(context(), { kind: 'webhook' })
    expect(entriesOf(received[0] ?? { headers: {}, body: '' })).toMatchObject([{ test: true }])
    const refused = testAuditForward(context(), { kind: 'webhook' })
    await expect(refused).rejects.toMatchObject({ code: 'FORWARD_FAILED', message: expect.stringContaining('404') })
    const told = (await services.readAudit()).filter(({ action }) => action === 'audit.test-forward')
    expect(told.map(({ outcome }) => outcome)).toEqual(['started', 'ok', 'started', 'failed'])
  })
})

describe('syslog', () => {
  test('over TCP gets frames of counted octets', async () => {
    const { received, url } = await startSyslog()
    await setAuditForward(context(), { kind: 'syslog', enabled: true, url })
    await write('/ä', 'denied')
    await forward()
    expect(await state()).toMatchObject({ cursor: 2, failures: 0 })
    let rest = Buffer.from(received.join(''), 'utf8')
    const frames: string[] = []
    while (rest.length > 0) {
      const space = rest.indexOf(' ')
      const length = Number(rest.subarray(0, space).toString())
      frames.push(rest.subarray(space + 1, space + 1 + length).toString('utf8'))
      rest = rest.subarray(space + 1 + length)
    }
    expect(frames).toHaveLength(2)
    expect(frames[1]).toMatch(
      /^<108>1 2026-01-02T03:04:05\.000Z test-host arkeeper - audit \[audit@32473 sequence="2"\] \ufeff\{/,
    )
    expect(JSON.parse(frames[1]?.split('\ufeff')[1] ?? '')).toMatchObject({ sequence: 2, path: '/ä' })
  })

  test('over UDP gets a datagram each', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    cleanups.push(() => socket.close())
    const url = `udp://127.0.0.1:${socket.address().port}`
    const came = once(socket, 'message')
    await setAuditForward(context(), { kind: 'syslog', enabled: true, url })
    await forward()
    expect(String((await came)[0])).toContain('sequence="1"')
  })

  test('that nobody listens to is told, and other things go on', async () => {
    const { url } = await startSyslog()
    for (const close of cleanups.splice(0)) close()
    await setAuditForward(context(), { kind: 'syslog', enabled: true, url })
    await forward()
    expect(await state()).toMatchObject({ failures: 1, lastError: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('TLS', () => {
  const authority = createTestAuthority('CN=Audit test')
  const identity = authority.issue('CN=receiver', { names: ['localhost', '127.0.0.1'] })

  test.each(['localhost', '127.0.0.1'])(
    'to %s is spoken with an authority of our own, and with no other',
    async (host) => {
      const received: string[] = []
      const syslog = createTlsServer(identity, (socket) => {
        text(socket).then(
          (all) => received.push(all),
          () => undefined,
        )
      })
      const webhook = createHttpsServer(identity, async (request, response) => {
        received.push(await text(request))
        response.end()
      })
      for (const server of [syslog, webhook]) {
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        cleanups.push(() => server.close())
      }
      const portOf = (server: typeof syslog) => (server.address() as AddressInfo).port
      const targets = [
        { kind: 'syslog', url: `tls://${host}:${portOf(syslog)}` },
        { kind: 'webhook', url: `https://${host}:${portOf(webhook)}/` },
      ] as const
      for (const target of targets) {
        await setAuditForward(context(), { ...target, enabled: true })
        await expect(testAuditForward(context(), target)).rejects.toMatchObject({ code: 'FORWARD_FAILED' })
        await setAuditForward(context(), { ...target, enabled: true, ca: authority.cert })
        await testAuditForward(context(), target)
      }
      expect(received.filter((all) => all.includes('A test of the audit'))).toHaveLength(2)
    },
  )
})

describe('an address', () => {
  test('of the link or of a metadata service is refused unless allowed', async () => {
    for (const host of [
      '169.254.169.254',
      '[fe80::1]',
      '[::ffff:169.254.169.254]',
      '[fd00:ec2::254]',
      '[64:ff9b::a9fe:a9fe]',
    ]) {
      await setAuditForward(context(), { kind: 'webhook', enabled: true, url: `http://${host}:1/` })
      await forward()
      expect((await state())?.lastError, host).toContain('FORWARD_REFUSED')
    }
    expect(['127.0.0.1', '10.0.0.1', '::1', '2001:db8::1', '8.8.8.8'].filter(isLinkLocal)).toEqual([])
    expect(['fe80::1%eth0', 'febf::1', '169.254.0.1'].filter(isLinkLocal)).toHaveLength(3)
  })

  test.each([
    ['webhook', 'file:///etc/passwd'],
    ['webhook', 'tcp://host:1'],
    ['webhook', 'http://user:pw@host/'],
    ['syslog', 'http://host'],
    ['syslog', 'host:514'],
  ] as const)('of a %s that is %s is refused', async (kind, url) => {
    await expect(setAuditForward(context(), { kind, enabled: true, url })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { url: expect.any(String) } },
    })
  })

  test('is given by an admin only', async () => {
    const input = { kind: 'webhook', enabled: true, url: 'http://127.0.0.1:1/' } as const
    await expect(setAuditForward(services.contextFor('operator'), input)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const asked = testAuditForward(services.contextFor('operator'), { kind: 'webhook' })
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
