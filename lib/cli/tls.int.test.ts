import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../domain/znode/acl.ts'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'
import { startTlsServer, type TlsRig } from '../testing/tls-server.ts'

let arkeeper: BundledCommand
let rig: TlsRig
let dir = ''
let options: string[] = []

beforeAll(async () => {
  arkeeper = await bundleCommand()
  rig = await startTlsServer()
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-cli-tls-'))
  await writeFile(join(dir, 'ca.pem'), rig.tls.ca ?? '')
  await writeFile(join(dir, 'cert.pem'), rig.client.cert)
  await writeFile(join(dir, 'key.pem'), rig.client.key)
  options = ['ca', 'cert', 'key'].flatMap((name) => [`--tls-${name}`, join(dir, `${name}.pem`)])
})
afterAll(async () => {
  await rig?.stop()
  await arkeeper?.remove()
  await rm(dir, { recursive: true, force: true })
})

const run = (...args: readonly string[]) =>
  finish(
    spawn(process.execPath, [arkeeper.file, ...args], {
      cwd: dir,
      env: { ...process.env, ARKEEPER_AUTH: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )

it('backs up and restores over TLS, and says why it cannot', async () => {
  const zk = `zk://${rig.secureConnectString}`
  const client = await createZooKeeper().connect({ connectString: rig.secureConnectString, tls: rig.tls })
  try {
    const big = Buffer.alloc(500_000, 'v')
    await client.create({ path: '/app', data: Buffer.from('root'), acl: OPEN_ACL, kind: 'persistent' })
    await client.create({ path: '/app/big', data: big, acl: OPEN_ACL, kind: 'persistent' })
    const taken = await run('backup', zk, '--out', 'store', '--json', '--quiet', ...options)
    expect(taken).toMatchObject({ status: 0, err: '' })
    const { archive, status } = JSON.parse(taken.out)
    expect(status).toBe('complete')

    await client.multi([{ op: 'delete', path: '/app/big', version: -1 }])
    const restored = await run('restore', archive, zk, '--apply', '--json', '--quiet', ...options)
    expect([restored.status, restored.err]).toEqual([0, expect.not.stringMatching(/^[A-Z_]+:/)])
    expect(JSON.parse(restored.out)).toMatchObject({ applied: 1, verified: true })
    const reading = await client.get('/app/big')
    expect(reading.kind === 'found' && big.equals(reading.znode.data ?? Buffer.of())).toBe(true)
    expect(await run('diff', archive, zk, ...options)).toMatchObject({
      status: 0,
      out: expect.stringContaining('equal'),
    })
  } finally {
    await client.close()
  }

  const nameless = await run('ls', `zk://localhost:${rig.securePort}`, '/', '--tls-any-name', ...options)
  expect(nameless).toMatchObject({ status: 0, err: expect.stringMatching(/^WARNING: --tls-any-name/) })
  for (const [args, code] of [
    [[zk, '--tls'], 'TLS_CLIENT_CERTIFICATE|TLS_UNTRUSTED'],
    [[`zk://localhost:${rig.securePort}`, ...options], 'TLS_NAME_MISMATCH'],
    [[`zk://127.0.0.1:${rig.server.port}`, ...options], 'TLS_NOT_OFFERED'],
  ] as const) {
    const ran = await run('ls', ...args.slice(0, 1), '/', ...args.slice(1))
    expect(ran).toMatchObject({ status: 2, out: '', err: expect.stringMatching(new RegExp(`^(${code}): [^\\n]+\\n$`)) })
  }
})
