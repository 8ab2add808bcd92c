import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { createZooKeeper } from '../zookeeper/zookeeper.ts'
import { createAdminServer } from './create-admin-server.ts'

const run = promisify(execFile)
const admin = createAdminServer()
/** The first answers of a server, on a machine that is busy with other things. */
const PATIENT = { timeoutMs: 60_000 }

describe('the AdminServer of the installed version', () => {
  let server: ZooKeeperServer
  let url = ''
  beforeAll(async () => {
    const port = await findFreePort()
    url = `http://127.0.0.1:${port}`
    server = await startZooKeeper({ config: adminConfig(port) })
  })
  afterAll(() => server?.stop())

  it('answers commands, with whole 64-bit numbers as bigint', async () => {
    const connection = await createZooKeeper().connect({ connectString: server.connectString })
    try {
      const stats = await admin.ask({ url }, 'server_stats', PATIENT)
      expect(stats).toMatchObject({ command: 'server_stats', error: null, version: expect.stringMatching(/^3\.\d+\./) })
      const { connections } = await admin.ask({ url: `${url}/commands/` }, 'connections', PATIENT)
      expect(connections).toContainEqual(expect.objectContaining({ session_id: connection.sessionId }))
    } finally {
      await connection.close()
    }
  })

  it('says which command it does not know', async () => {
    await expect(admin.ask({ url }, 'nosuch', PATIENT)).rejects.toMatchObject({ code: 'ADMIN_UNSUPPORTED' })
  })

  it('ends a question that nobody waits for any more', async () => {
    const controller = new AbortController()
    const asked = admin.ask({ url }, 'server_stats', { signal: controller.signal })
    controller.abort()
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('an AdminServer over TLS', () => {
  let server: ZooKeeperServer
  let dir = ''
  let url = ''
  let ca = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'arkeeper-tls-'))
    const store = join(dir, 'server.p12')
    const common = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', 'secret', '-alias', 'zk']
    const name = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-validity', '2']
    await run('keytool', ['-genkeypair', ...common, '-keyalg', 'EC', ...name])
    await run('keytool', ['-exportcert', '-rfc', ...common, '-file', join(dir, 'ca.pem')])
    ca = await readFile(join(dir, 'ca.pem'), 'utf8')
    const port = await findFreePort()
    url = `https://127.0.0.1:${port}`
    server = await startZooKeeper({
      config: {
        ...adminConfig(port),
        'admin.portUnification': 'true',
        'ssl.quorum.keyStore.location': store,
        'ssl.quorum.keyStore.password': 'secret',
        'ssl.quorum.trustStore.location': store,
        'ssl.quorum.trustStore.password': 'secret',
      },
    })
  })
  afterAll(async () => {
    await server?.stop()
    await rm(dir, { recursive: true, force: true })
  })

  it('is trusted by the authority that is given, and only by it', async () => {
    expect(await admin.ask({ url, tls: { ca } }, 'ruok', PATIENT)).toMatchObject({ command: 'ruok', error: null })
    await expect(admin.ask({ url }, 'ruok', PATIENT)).rejects.toMatchObject({ code: 'ADMIN_TLS' })
  })
})

describe('what is no AdminServer', () => {
  it('is told apart: nothing there, silence, another protocol, a wrong address', async () => {
    const closed = await findFreePort()
    await expect(admin.ask({ url: `http://127.0.0.1:${closed}` }, 'ruok')).rejects.toMatchObject({
      code: 'ADMIN_UNREACHABLE',
      remedy: expect.stringContaining('admin.serverPort'),
    })
    const silent = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    try {
      const asked = admin.ask({ url: `http://127.0.0.1:${port}` }, 'ruok', { timeoutMs: 50 })
      await expect(asked).rejects.toMatchObject({ code: 'ADMIN_TIMEOUT' })
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
    for (const url of ['zk1:8080', 'ftp://zk1', 'http://user:pw@zk1:8080', '']) {
      await expect(admin.ask({ url }, 'ruok')).rejects.toMatchObject({ code: 'ADMIN_BAD_URL' })
    }
  })
})

function adminConfig(port: number): Record<string, string> {
  return {
    'admin.enableServer': 'true',
    'admin.serverPort': String(port),
    'admin.serverAddress': '127.0.0.1',
  }
}
