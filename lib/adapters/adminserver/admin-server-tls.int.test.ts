import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestAuthority } from '../../testing/certificates.ts'
import { startTlsServer, type TlsRig } from '../../testing/tls-server.ts'
import { findFreePort } from '../../testing/zookeeper-server.ts'
import type { AdminTarget } from './admin-server.ts'
import { createAdminServer } from './create-admin-server.ts'

const adminServers = createAdminServer()
/** The first answer of a server that has just started, on a busy machine. */
const PATIENT = { timeoutMs: 60_000 }
let rig: TlsRig
let port = 0

beforeAll(async () => {
  port = await findFreePort()
  rig = await startTlsServer({
    config: {
      'admin.enableServer': 'true',
      'admin.serverAddress': '127.0.0.1',
      'admin.serverPort': String(port),
      'admin.portUnification': 'true',
    },
    adminTls: true,
  })
})
afterAll(() => rig?.stop())

const target = (tls: AdminTarget['tls'], host = '127.0.0.1'): AdminTarget => ({
  url: `https://${host}:${port}`,
  auth: null,
  tls,
})
const ask = (to: AdminTarget) => adminServers.ask(to, 'ruok', PATIENT)

it('is asked over TLS with an own authority, and what is wrong is named', async () => {
  expect(await ask(target(rig.tls))).toMatchObject({ command: 'ruok' })
  const { cert } = createTestAuthority('CN=Another authority')
  for (const [wrong, message] of [
    [target({ ...rig.tls, ca: cert }), /not trusted here/],
    [target(rig.tls, 'localhost'), /for another name/],
    [{ ...target(rig.tls), url: `https://127.0.0.1:${rig.server.port}` }, /does not speak TLS/],
  ] as const) {
    await expect(ask(wrong)).rejects.toMatchObject({ code: 'ADMIN_TLS', message: expect.stringMatching(message) })
  }
})
