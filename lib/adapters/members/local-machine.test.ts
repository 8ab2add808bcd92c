import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../testing/zookeeper-server.ts'
import { createLocalMachine } from './local-machine.ts'
import type { Member } from './members.ts'

const machine = createLocalMachine()
let dir = ''
let member: Member
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-machine-'))
  const dataDir = join(dir, 'data')
  const dataLogDir = join(dir, 'logs')
  for (const each of [dataDir, dataLogDir]) await mkdir(join(each, 'version-2'), { recursive: true })
  const none = { adminUrl: null, stop: null, start: null, owner: null }
  member = { cluster: 'c', name: 'zk1', dataDir, dataLogDir, client: `127.0.0.1:${await findFreePort()}`, ...none }
  await put('data', 'snapshot.1', 'one')
  await put('data', 'snapshot.153.bak', 'parked, and live')
  await put('data', 'currentEpoch', '3')
  await put('logs', 'log.1', 'log')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const put = (where: 'data' | 'logs', name: string, text: string) => writeFile(join(dir, where, 'version-2', name), text)
const list = async (...path: string[]) => (await readdir(join(dir, ...path))).sort()

const TEXT = 'a snapshot'
const file = {
  name: 'snapshot.100000000',
  bytes: TEXT.length,
  sha256: createHash('sha256').update(TEXT).digest('hex'),
  body: async function* () {
    yield Buffer.from(TEXT)
  },
}

describe('the files of a member', () => {
  it('are moved aside, replaced and moved back without one being lost, and each step can be repeated', async () => {
    await machine.bring(member, file)
    await machine.bring(member, file)
    await expect(machine.place(member, file)).rejects.toMatchObject({ code: 'MEMBER_OCCUPIED' })
    expect(await machine.moveAside(member, 'aside')).toBe(3)
    expect(await machine.moveAside(member, 'aside')).toBe(0)
    expect(await list('data', 'version-2')).toEqual(['currentEpoch'])
    expect(await list('data', 'aside')).toEqual(['snapshot.1', 'snapshot.153.bak'])
    expect(await list('logs', 'aside')).toEqual(['log.1'])
    await machine.place(member, file)
    await machine.place(member, file)
    expect(await list('data', 'version-2')).toEqual(['currentEpoch', 'snapshot.100000000'])
    expect(await list('data')).toEqual(['aside', 'version-2'])
    expect(await machine.moveAside(member, 'undone')).toBe(1)
    expect(await machine.moveBack(member, 'aside')).toBe(3)
    expect(await list('data', 'version-2')).toEqual(['currentEpoch', 'snapshot.1', 'snapshot.153.bak'])
    expect(await readFile(join(dir, 'data', 'version-2', 'snapshot.1'), 'utf8')).toBe('one')
  })

  it('are never moved over another file', async () => {
    await machine.moveAside(member, 'aside')
    await put('data', 'snapshot.1', 'another')
    await expect(machine.moveBack(member, 'aside')).rejects.toMatchObject({ code: 'MEMBER_OCCUPIED' })
    await expect(machine.moveAside(member, 'aside')).rejects.toMatchObject({ code: 'MEMBER_OCCUPIED' })
    expect(await readFile(join(dir, 'data', 'aside', 'snapshot.1'), 'utf8')).toBe('one')
    expect(await readFile(join(dir, 'data', 'version-2', 'snapshot.1'), 'utf8')).toBe('another')
  })

  it('stay on their file system when version-2 is a link', async () => {
    await mkdir(join(dir, 'disk', 'zk'), { recursive: true })
    await writeFile(join(dir, 'disk', 'zk', 'snapshot.2'), 'two')
    const linked = { ...member, dataDir: join(dir, 'linked'), dataLogDir: join(dir, 'linked') }
    await mkdir(linked.dataDir)
    await symlink(join(dir, 'disk', 'zk'), join(linked.dataDir, 'version-2'))
    await machine.moveAside(linked, 'aside')
    expect(await list('disk', 'aside-zk')).toEqual(['snapshot.2'])
    expect(await machine.moveBack(linked, 'aside')).toBe(1)
  })

  it('of two members are not mixed up when links lead both to siblings', async () => {
    const linked = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const home = join(dir, name)
        await mkdir(join(dir, 'disk', `zk-${name}`), { recursive: true })
        await mkdir(home)
        await symlink(join(dir, 'disk', `zk-${name}`), join(home, 'version-2'))
        return { ...member, name, dataDir: home, dataLogDir: home }
      }),
    )
    for (const each of linked) await machine.bring(each, file)
    for (const each of linked) await machine.place(each, file)
    for (const name of ['one', 'two']) expect(await list('disk', `zk-${name}`)).toEqual([file.name])
  })

  it('are not taken from a sender whose bytes are other ones', async () => {
    const wrong = { ...file, sha256: '0'.repeat(64) }
    await expect(machine.bring(member, wrong)).rejects.toMatchObject({ code: 'MEMBER_FILE_DAMAGED' })
    expect(await list('data', 'version-2')).toEqual(['currentEpoch', 'snapshot.1', 'snapshot.153.bak'])
  })

  it('tell how far the member had come, its epochs and what lies in the wrong place', async () => {
    await put('logs', 'snapshot.9', 'misplaced')
    const disk = await machine.inspect(member)
    expect(disk).toMatchObject({
      snapshots: ['snapshot.1', 'snapshot.153.bak'],
      logs: ['log.1'],
      lastZxid: 0x153n,
      currentEpoch: 3,
      acceptedEpoch: null,
      myid: null,
      fault: null,
      misplaced: [join(member.dataLogDir, 'version-2', 'snapshot.9')],
    })
    const gone = { ...member, dataDir: join(dir, 'nowhere') }
    await expect(machine.inspect(gone)).rejects.toMatchObject({ code: 'MEMBER_UNREADABLE' })
  })
})

describe('a member is down', () => {
  it('when its port refuses, and neither when it accepts nor when nobody can tell', async () => {
    expect(await machine.liveness(member)).toEqual({ kind: 'down' })
    expect(await machine.liveness({ ...member, client: null })).toMatchObject({ kind: 'unknown' })
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    expect(await machine.liveness({ ...member, client: `127.0.0.1:${port}` })).toMatchObject({ kind: 'up' })
    server.close()
  })

  it.runIf(process.platform === 'linux')('only when no process writes to its files any more', async () => {
    const log = join(dir, 'logs', 'version-2', 'log.1')
    const child = spawn(process.execPath, [
      '-e',
      `require('node:fs').openSync(${JSON.stringify(log)}, 'a'); console.log('open'); setInterval(() => 0, 1000)`,
    ])
    await once(child.stdout, 'data')
    expect(await machine.liveness(member)).toMatchObject({ kind: 'up', message: expect.stringContaining('log.1') })
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(await machine.liveness(member)).toEqual({ kind: 'down' })
  })
})

describe('a command', () => {
  const node = (code: string) => [process.execPath, '-e', code]

  it('gives its status and what it said', async () => {
    const result = await machine.run(node('console.log("out"); console.error("err"); process.exit(3)'), {
      timeoutMs: 20_000,
    })
    expect(result).toMatchObject({ exitCode: 3, timedOut: false })
    expect(result.output).toMatch(/out[\s\S]*err|err[\s\S]*out/)
    expect(await machine.run(['/no/such/program'], { timeoutMs: 20_000 })).toMatchObject({
      exitCode: null,
      timedOut: false,
    })
  })

  it('is ended when it does not end by itself, and is read by no shell', async () => {
    expect(await machine.run(node('setInterval(() => 0, 1000)'), { timeoutMs: 50 })).toMatchObject({ timedOut: true })
    const { output } = await machine.run([process.execPath, '-p', 'process.argv[1]', '$HOME; echo x'], {
      timeoutMs: 20_000,
    })
    expect(output).toBe('$HOME; echo x')
  })
})
