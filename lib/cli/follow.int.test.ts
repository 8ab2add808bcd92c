import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { askFourLetterWord } from '../adapters/zookeeper/internal/four-letter-word.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { formatHex64, parseHex64 } from '../base/hex64.ts'
import { HistoryReader } from '../domain/txnlog/read-history.ts'
import { OPEN_ACL } from '../domain/znode/acl.ts'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'
import { startEnsemble, startZooKeeper, type ZooKeeperEnsemble } from '../testing/zookeeper-server.ts'

const zookeeper = createZooKeeper()
let arkeeper: BundledCommand
let ensemble: ZooKeeperEnsemble
let dir = ''
const running = new Set<ChildProcess>()

beforeAll(async () => {
  const config = { tickTime: '500', initLimit: '40', syncLimit: '20' }
  ;[arkeeper, ensemble, dir] = await Promise.all([
    bundleCommand(),
    startEnsemble(3, { config, heapMegabytes: 128 }),
    mkdtemp(join(tmpdir(), 'arkeeper-followed-')),
  ])
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all([arkeeper?.remove(), ensemble?.stop(), rm(dir, { recursive: true, force: true })])
})

interface Line {
  readonly zxid: string | null
  readonly lagMs: number
  readonly transactions: number
  readonly digestOk: boolean
  readonly gaps: number
}

function command(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [arkeeper.file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function json(...args: string[]) {
  const { out, err, status } = await finish(command(...args, '--json', '--quiet'))
  expect({ err, status }).toEqual({ err: '', status: 0 })
  return JSON.parse(out)
}

/** A follow of the ensemble, and what it says each second. */
function follow(out: string) {
  const quorum = ensemble.quorumPorts.map((port) => `127.0.0.1:${port}`).join(',')
  const child = command('follow', '--quorum', quorum, '--out', out, '--json', '--quiet')
  const lines: Line[] = []
  let wake: () => void = () => undefined
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(JSON.parse(line))
    wake()
  })
  let err = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  let isOver = false
  const ended = once(child, 'close')
  void ended.then(() => {
    isOver = true
    wake()
  })
  return {
    lines,
    /** Resolves with the first line that says that all up to there is written and checked. */
    reached: async (zxid: bigint): Promise<Line> => {
      for (;;) {
        const line = lines.at(-1)
        const at = line?.zxid == null ? null : parseHex64(line.zxid)
        if (line && at !== null && at >= zxid) return line
        expect(isOver, err).toBe(false)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal)
      return (await ended)[0]
    },
  }
}

/** Of all kinds, one by one and in multis; through whichever servers are left. Gives the zxid of the last. */
async function write(servers: ZooKeeperEnsemble['servers'], name: string, count: number): Promise<bigint> {
  const client = await zookeeper.connect({ connectString: servers.map((one) => one.connectString).join(',') })
  const create = (path: string, more: { kind?: 'container' | 'ttl' | 'ephemeral'; ttlMs?: number } = {}) =>
    client.create({ path, data: Buffer.from(path), acl: OPEN_ACL, kind: 'persistent', ...more })
  try {
    await create(`/${name}`)
    await create(`/${name}/container`, { kind: 'container' })
    await create(`/${name}/ttl`, { kind: 'ttl', ttlMs: 3_600_000 })
    for (let from = 0; from < count; from += 250) {
      await Promise.all(Array.from({ length: 250 }, (_, i) => create(`/${name}/n${from + i}`)))
      await create(`/${name}/ephemeral${from}`, { kind: 'ephemeral' })
      const all = Array.from({ length: 250 }, (_, i) => `/${name}/n${from + i}`)
      await client.multi(
        all.map((path, i) =>
          i % 3 === 0
            ? { op: 'delete', path, version: 0 }
            : { op: 'setData', path, data: Buffer.from(name), version: 0 },
        ),
      )
    }
    return await client.sync('/')
  } finally {
    await client.close()
  }
}

/** One of them leads, and all answer. */
async function untilServing(servers: ZooKeeperEnsemble['servers']): Promise<void> {
  const connectString = servers.map((one) => one.connectString).join(',')
  for (;;) {
    const found = await zookeeper.serverStatus({ connectString })
    const modes = found.map(({ status }) => status?.mode)
    if (modes.includes('leader') && modes.every((mode) => mode)) return
    await delay(50)
  }
}

it('follows through the loss of its leader and its own, and what it keeps is what servers have', async () => {
  const out = join(dir, 'kept')
  const before = await write(ensemble.servers, 'before', 1000)
  let follower = follow(out)
  expect(await follower.reached(before)).toMatchObject({ digestOk: true, gaps: 0 })

  // The leader is lost while there are writes on their way.
  const modes = await Promise.all(
    ensemble.servers.map((server) => askFourLetterWord(server, 'srvr', { timeoutMs: 10_000, tls: null })),
  )
  const leader = ensemble.servers[modes.findIndex((mode) => mode.includes('Mode: leader'))]!
  const rest = ensemble.servers.filter((server) => server !== leader)
  const during = write(ensemble.servers, 'during', 1000).catch(() => null)
  await follower.reached(before + 20n)
  leader.kill('SIGKILL')
  await during
  await untilServing(rest)
  // A leader keeps 500 transactions for whoever comes back: what is missed meanwhile stays below.
  const after = await write(rest, 'after', 250)
  expect(after >> 32n).toBeGreaterThan(before >> 32n)
  expect(await follower.reached(after)).toMatchObject({ digestOk: true, gaps: 0 })

  // Then the follow itself, at any moment of what it does.
  const more = write(rest, 'more', 250)
  expect(await follower.end('SIGKILL')).toBeNull()
  const resumed = await more
  follower = follow(out)
  expect(await follower.reached(resumed)).toMatchObject({ digestOk: true, gaps: 0 })
  expect(await follower.end('SIGKILL')).toBeNull()

  // What is kept leads to no tree any more: it goes on behind it all the same, over the leader's own.
  for (const name of await readdir(join(out, 'version-2'))) {
    if (name.startsWith('snapshot.')) await truncate(join(out, 'version-2', name), 100)
  }
  const again = write(rest, 'again', 250)
  follower = follow(out)
  expect(await follower.reached(await again)).toMatchObject({ digestOk: true, gaps: 0 })
  const last = await write(rest, 'last', 250)
  expect(await follower.reached(last)).toMatchObject({ digestOk: true, gaps: 0 })
  expect(await follower.end('SIGTERM')).toBe(130)

  const zxids: bigint[] = []
  const logs = await createFileArchives().logs.memberLogs(out)
  const first = BigInt(
    `0x${(await readdir(join(out, 'version-2')))
      .filter((name) => name.startsWith('snapshot.'))
      .sort()[0]!
      .slice(9)}`,
  )
  const history = new HistoryReader(logs, { after: first, to: null })
  for await (const batch of history.readEntries()) zxids.push(...batch.map(({ zxid }) => zxid))
  expect(history.stop).toEqual({ kind: 'end' })
  expect(new Set(zxids).size).toBe(zxids.length)
  expect(zxids.at(-1)).toBeGreaterThanOrEqual(last)
  // Nothing lies twice in the files, either.
  expect(history.passedOver).toEqual([])

  const to = formatHex64(last)
  const replayed = await json('replay', out, '--to', to, '--out', join(dir, 'replayed'))
  expect(replayed).toMatchObject({ zxid: to, digest: { match: true }, problems: [] })
  await cp(join(out, 'version-2'), join(dir, 'server', 'version-2'), { recursive: true })
  const server = await startZooKeeper({ dataDir: join(dir, 'server'), heapMegabytes: 128 })
  try {
    const live = `zk://${rest.map((one) => one.connectString).join(',')}`
    const diff = await json('diff', live, `zk://${server.connectString}`, '--summary')
    expect(diff).toMatchObject({ equal: true, added: 0, removed: 0, changed: 0 })
    expect(diff.compared).toBeGreaterThan(1000)
  } finally {
    await server.stop()
  }
})
