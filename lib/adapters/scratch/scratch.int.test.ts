import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scratchSettings } from '../../testing/engine-context.ts'
import { createZooKeeper } from '../zookeeper/zookeeper.ts'
import { createScratch } from './create-scratch.ts'

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
const INPUT = { snapshot: null, heapMegabytes: 128, juteMaxBuffer: 1_048_575 }
const scratch = createScratch(scratchSettings())

let parentDir: string
const children: ChildProcess[] = []

beforeEach(async () => {
  parentDir = await mkdtemp(join(tmpdir(), 'arkeeper-scratch-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(parentDir, { recursive: true, force: true })
})

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await pause(10)
  }
}

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return status !== '' && !/^State:\s+Z/m.test(status)
}

async function run(command: string, args: readonly string[], detached = false): Promise<ChildProcess> {
  const child = spawn(command, args, { detached, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child, 'spawn')
  return child
}

describe('a scratch server', () => {
  it('is its starter’s alone: a private folder, a password of its own, no ACL in the way, and nothing left of it', async () => {
    const server = await scratch.start({ ...INPUT, parentDir })
    try {
      const [folder = ''] = await readdir(parentDir)
      expect((await stat(join(parentDir, folder))).mode & 0o777).toBe(0o700)
      const { connectString } = server
      const stranger = await createZooKeeper().connect({
        connectString,
        auth: [{ scheme: 'digest', id: 'super:guessed' }],
      })
      const owner = await createZooKeeper().connect({ connectString, auth: [server.auth] })
      try {
        const acl = [{ perms: 0, scheme: 'world', id: 'anyone' }]
        await owner.create({ path: '/sealed', data: Buffer.from('x'), acl, kind: 'persistent' })
        expect(await stranger.get('/sealed')).toMatchObject({ kind: 'unreadable', reason: 'no-auth' })
        expect(await owner.get('/sealed')).toMatchObject({ kind: 'found' })
      } finally {
        await stranger.close()
        await owner.close()
      }
    } finally {
      await server.stop()
    }
    expect(await isRunning(server.pid)).toBe(false)
    expect(await readdir(parentDir)).toEqual([])
    expect(server.ended.aborted).toBe(false)
  })

  it('tells when it ends by itself', async () => {
    const server = await scratch.start({ ...INPUT, parentDir })
    process.kill(server.pid, 'SIGKILL')
    await once(server.ended, 'abort')
    expect(server.ended.reason).toMatchObject({ code: 'SCRATCH_ENDED' })
    await server.stop()
    expect(await readdir(parentDir)).toEqual([])
  })

  it('ends with a starter that is killed, and what the starter left is swept', async () => {
    const script = `
      const { createScratch } = await import(${JSON.stringify(join(import.meta.dirname, 'create-scratch.ts'))})
      const scratch = createScratch(${JSON.stringify(scratchSettings())})
      const server = await scratch.start(${JSON.stringify({ ...INPUT, parentDir })})
      console.log(server.pid)
      setInterval(() => undefined, 1000)`
    const starter = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    const [line] = await once(starter.stdout!, 'data')
    const pid = Number(line)
    expect(await isRunning(pid)).toBe(true)
    expect(await scratch.sweep(parentDir)).toBe(0)

    starter.kill('SIGKILL')
    await once(starter, 'exit')
    await until('the end of the server', async () => !(await isRunning(pid)))
    expect(await readdir(parentDir)).toHaveLength(1)
    expect(await scratch.sweep(parentDir)).toBe(1)
    expect(await readdir(parentDir)).toEqual([])
  })

  it('that outlived its starter and its watcher is ended by the sweep, a stranger of the same number is not', async () => {
    const gone = await run('true', [])
    if (gone.exitCode === null) await once(gone, 'exit')
    const folders = ['0a', '0b'].map((end) => `drill-${gone.pid}-${HOST}-${end}`)
    const [left = '', other = ''] = folders
    for (const folder of folders) await mkdir(join(parentDir, folder))
    const idle = ['-c', 'while :; do sleep 1; done']
    const survivor = await run('/bin/sh', [...idle, join(parentDir, left)], true)
    const stranger = await run('/bin/sh', idle, true)
    await writeFile(join(parentDir, left, 'pid'), String(survivor.pid))
    await writeFile(join(parentDir, other, 'pid'), String(stranger.pid))

    const ended = once(survivor, 'exit')
    expect(await scratch.sweep(parentDir)).toBe(2)
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(stranger.exitCode ?? stranger.signalCode).toBe(null)
    expect(await readdir(parentDir)).toEqual([])
    process.kill(-stranger.pid!, 'SIGKILL')
  })

  it('is of the distribution that the configuration file names, which is read anew each time', async () => {
    const file = join(parentDir, 'arkeeper.json')
    const { findFault } = createScratch({ ...scratchSettings(), zookeeperHome: join(parentDir, 'none') }, file)
    const write = (text: string) => writeFile(file, text)
    await write(JSON.stringify({ members: [], drill: { zookeeperHome: parentDir } }))
    expect(await findFault()).toContain(`(${parentDir}) holds no zookeeper`)
    await mkdir(join(parentDir, 'lib'))
    await writeFile(join(parentDir, 'lib', 'zookeeper-3.9.9.jar'), '')
    expect(await findFault()).toBeNull()
    await write('{ "drill": { "zookeeperHome": "relative" } }')
    expect(await findFault()).toContain('drill.zookeeperHome: must be an absolute path')
    await write('no JSON')
    expect(await findFault()).toContain(`${file} cannot be understood`)
  })
})
