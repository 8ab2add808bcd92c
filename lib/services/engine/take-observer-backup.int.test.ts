import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createObserver } from '../../adapters/zookeeper/create-observer.ts'
import { askFourLetterWord } from '../../adapters/zookeeper/internal/four-letter-word.ts'
import type { ObserverSession } from '../../adapters/zookeeper/observer.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { stringifyJson } from '../../base/json.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import {
  findCachedVersions,
  startEnsemble,
  type ZooKeeperEnsemble,
  type ZooKeeperServer,
} from '../../testing/zookeeper-server.ts'
import { listBackups } from '../backups/list-backups.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { FollowRuns } from '../follow/follow-runs.ts'
import { setFollow } from '../follow/set-follow.ts'
import { testQuorum } from '../follow/test-quorum.ts'
import { gatherHistory } from '../moments/gather-history.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { openMoment } from '../moments/open-moment.ts'
import { diffSources } from './diff-sources.ts'
import { followStream } from './follow-stream.ts'
import { takeObserverBackup } from './take-observer-backup.ts'

const NEWEST = findCachedVersions().findLast(({ cached }) => cached)?.version
const context = createEngineContext()
const SECOND_ACL = [{ perms: 1, scheme: 'world', id: 'anyone' }]

/** Ensembles of the installed version and of the newest that is there, started at once. */
const ensembles = new Map<string, Promise<ZooKeeperEnsemble>>()
const VERSIONS = ['installed', ...(NEWEST === undefined ? [] : [NEWEST])]
beforeAll(() => {
  const config = { tickTime: '500', initLimit: '40', syncLimit: '20' }
  for (const name of VERSIONS) {
    const version = name === 'installed' ? undefined : name
    ensembles.set(name, startEnsemble(3, { version, config, heapMegabytes: 128 }))
  }
})
afterAll(async () => {
  for (const { value } of (await Promise.allSettled(ensembles.values())).filter((one) => one.status === 'fulfilled')) {
    await value.stop()
  }
})

describe.each(VERSIONS)('listening to an ensemble, %s', (name) => {
  let ensemble: ZooKeeperEnsemble
  let store = ''
  beforeAll(async () => {
    ensemble = await ensembles.get(name)!
    store = await mkdtemp(join(tmpdir(), 'arkeeper-observed-'))
  })
  afterAll(() => rm(store, { recursive: true, force: true }))

  const quorum = () => ({ servers: ensemble.quorumPorts.map((port) => ({ host: '127.0.0.1', port })) })
  const ask = ({ host, port }: ZooKeeperServer, word: string) =>
    askFourLetterWord({ host, port }, word, { timeoutMs: 10_000, tls: null })
  const take = (paths: string[] = []) =>
    takeObserverBackup(context, {
      quorum: quorum(),
      target: { connectString: ensemble.connectString },
      clusterName: 'test',
      paths,
      parentDir: store,
    })

  async function serversByRole() {
    const modes = await Promise.all(ensemble.servers.map((server) => ask(server, 'srvr').catch(() => '')))
    const withMode = (mode: string) => ensemble.servers.filter((_, i) => modes[i]!.includes(`Mode: ${mode}`))
    return { leaders: withMode('leader'), followers: withMode('follower') }
  }
  const listen = (from: bigint) =>
    createObserver().open(quorum(), { from, scratchDir: store, acceptSnapshot: from === 0n })

  /** All that a reader tells of each znode, but the times of what each server overwrites for itself. */
  async function everything(reader: TreeReader): Promise<string[]> {
    const lines: string[] = []
    for await (const { znodes } of reader.readSubtree('/', { includeSystem: true })) {
      for (const { path, data, acl, kind, ttlMs, stat } of znodes) {
        if (path === '/zookeeper/config') continue
        const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = stat
        const numbers = { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner }
        const hex = data === null ? null : Buffer.from(data).toString('hex')
        lines.push(stringifyJson({ path, data: hex, acl, kind, ttlMs, ...numbers }))
      }
    }
    return lines
  }

  it('takes a whole tree while it is written to, equal to the members’ own files at that zxid', async () => {
    const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
    const tree = new LiveTree(client)
    await tree.fill('/load', 2000)
    await tree.create('/seq')
    const add = async (kind: 'container' | 'ttl' | 'ephemeral', path: string) => {
      await client.create({ path, data: null, acl: OPEN_ACL, kind, ...(kind === 'ttl' ? { ttlMs: 3_600_000 } : {}) })
    }
    for (const kind of ['container', 'ttl', 'ephemeral'] as const) await add(kind, `/${kind}`)
    let isOver = false
    const write = async (writer: number) => {
      for (let i = 0; !isOver; i++) {
        const path = `/load/w${writer}-${i}`
        await tree.create(path, `${i}`)
        await tree.set(`/load/n${String((i * 37) % 2000).padStart(6, '0')}`, `written by ${writer}`)
        await client.create({ path: '/seq/n-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true })
        if (i % 5 === 0) await tree.setAcl(path, SECOND_ACL)
        if (i % 3 === 0) await tree.remove(path)
        if (i % 4 === 0) {
          for (const kind of ['container', 'ttl', 'ephemeral'] as const) await add(kind, `/${kind}${writer}-${i}`)
        }
      }
    }
    const writers = [1, 2, 3].map(write)
    try {
      // What moves while the tree is sent is told; one that nothing fell into proves less.
      let taken = await take()
      for (let i = 0; i < 20 && !taken.heard.includes('meanwhile'); i++) taken = await take()
      expect(taken.heard).toContain('that came meanwhile')
      expect(taken.manifest).toMatchObject({
        source: 'observer',
        status: 'complete',
        consistency: { class: 'exact', proof: 'digest', from: taken.manifest.zxid, to: taken.manifest.zxid, moved: [] },
        fidelity: { unknownKind: 0, unreadable: [], maskedAcl: [] },
      })
      expect(taken.manifest.zookeeperVersion).toMatch(/^3\./)
      const { container, ttl, ephemeral, sequenceCounters } = taken.manifest.fidelity
      for (const count of [container, ttl, ephemeral, sequenceCounters]) expect(count).toBeGreaterThan(0)
      expect(await context.archives.verify(taken.dir)).toMatchObject({ ok: true, problems: [] })

      isOver = true
      await Promise.all(writers)
      const { followers } = await serversByRole()
      const archive = await context.archives.open(taken.dir)
      const to = BigInt(taken.manifest.zxid)
      // Two of three make a commit: the log of the third, and what any of them has flushed, may be a moment behind.
      const own = await retry(
        () => context.archives.openDataDir(followers[0]!.dataDir, { to }),
        (code) => code === 'LOG_TOO_SHORT',
      )
      expect(await everything(archive)).toEqual(await everything(own))
      await own.close()
      await archive.close()
    } finally {
      isOver = true
      await Promise.allSettled(writers)
      await client.close()
    }
  })

  it('of a quiet ensemble is proved by the digest of what came before, and equals what a client reads', async () => {
    // The sessions of before may still be ending.
    let taken = await take()
    for (let i = 0; i < 20 && taken.heard.includes('meanwhile'); i++) taken = await take()
    expect(taken.heard).not.toContain('meanwhile')
    expect(taken.manifest.consistency).toMatchObject({ class: 'exact', proof: 'digest' })
    const archive = await context.archives.open(taken.dir)
    const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
    try {
      const diff = diffSources({ left: archive, right: client, path: '/' })
      const changes = []
      for await (const batch of diff.changes) changes.push(...batch)
      expect(changes).toEqual([])
      expect(diff.counts().compared).toBeGreaterThan(2000)
    } finally {
      await client.close()
      await archive.close()
    }
    const part = await take(['/seq'])
    expect(part.manifest).toMatchObject({ scope: { paths: ['/seq'] }, consistency: { proof: 'digest' } })
    await expect(take(['/nosuch'])).rejects.toMatchObject({ code: 'NO_NODE' })
    expect((await readdir(store)).filter((file) => file.startsWith('.'))).toEqual([])
  })

  it.runIf(name === VERSIONS[0])('is a source like the others once somebody has named the quorum ports', async () => {
    const services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
    try {
      await addTestPeople(services)
      const admin = services.contextFor('admin')
      const { id: clusterId } = await addCluster(admin, { name: 'orders', connectString: ensemble.connectString })
      const refused = startBackup(admin, { clusterId, source: 'observer' })
      await expect(refused).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('no quorum'),
      })
      const quorumServers = ensemble.quorumPorts.map((port) => `127.0.0.1:${port}`).join(',')
      const row = { clusterId, enabled: false, quorumServers, nextRunAt: new Date(0) }
      await services.database.client.clusterFollow.create({ data: row })
      // Before the AdminServer and the client port, which would serve as well.
      await startBackup(admin, { clusterId, source: 'automatic' })
      await workOffJobs(services)
      const { backups } = await listBackups(admin, { clusterId })
      expect(backups[0]).toMatchObject({ source: 'observer', status: 'complete', sourceFaults: [] })
    } finally {
      await services.close()
    }
  })

  it.runIf(name === VERSIONS[0])(
    'is followed by a worker, and by another when that one has lost its database',
    async () => {
      const services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
      const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
      const tree = new LiveTree(client)
      const admin = services.contextFor('admin')
      const startWorker = (owner: string) =>
        new FollowRuns(owner, {
          follow: followStream,
          wait: (ms, signal) => delay(ms / 10, undefined, { signal }).catch(() => undefined),
        })
      const workers = [startWorker('w1'), startWorker('w2')] as const
      let isAway = false
      const db = new Proxy(admin.db, {
        get: (target, key) => {
          if (isAway) throw new Error('the database is away')
          return Reflect.get(target, key)
        },
      })
      try {
        const { id: clusterId } = await addCluster(admin, { name: 'orders', connectString: ensemble.connectString })
        const quorumServers = ensemble.quorumPorts.map((port) => `127.0.0.1:${port}`).join(',')
        await setFollow(admin, { clusterId, enabled: true, quorumServers, understood: true })
        expect(await testQuorum(admin, { clusterId })).toMatchObject({ ok: true })
        const waiting = { timeout: 30_000, interval: 50 }
        const row = () => admin.db.clusterFollow.findUniqueOrThrow({ where: { clusterId } })
        const kept = async (zxid: bigint) => {
          const { lastZxid, ...found } = await row()
          expect(found).toMatchObject({ state: 'following', digestState: 'equal', error: {} })
          expect(lastZxid).toBeGreaterThanOrEqual(zxid)
          // It is archived beside the stream, and nothing is told before.
          expect(found.baseZxid).not.toBeNull()
        }
        /** The tree as of the last transaction that is kept is the tree that clients see. */
        const expectPresent = async () => {
          const zxid = await client.sync('/')
          await vi.waitFor(() => kept(zxid), waiting)
          const moment = await openMoment(admin, { clusterId, zxid })
          const changes = []
          for await (const batch of diffSources({ left: moment.reader, right: client, path: '/' }).changes) {
            changes.push(...batch)
          }
          expect([moment.proof.digest, moment.proof.problems, changes]).toEqual(['match', [], []])
          await moment.close()
        }

        expect(await workers[0].runDue({ ...admin, db })).toBe(true)
        await vi.waitFor(async () => expect(await row()).toMatchObject({ state: 'following' }), waiting)
        for (let i = 0; i < 50; i++) await tree.create(`/heard${i}`, `${i}`)
        await expectPresent()

        isAway = true
        for (let i = 0; i < 50; i++) await tree.set(`/heard${i}`, `again ${i}`)
        expect(await workers[1].runDue(admin)).toBe(false)
        services.clock.advance(30_000)
        // It can tell nobody; it leaves by itself, before its lease is over.
        await workers[0].end()
        expect(await workers[1].runDue(admin)).toBe(true)
        await expectPresent()
        expect(await row()).toMatchObject({ leaseOwner: 'w2', fence: 2 })
        await workers[1].end()

        const { line, missed } = await getTimeTravel(admin, { clusterId, at: '', zxid: '' })
        expect([line.ranges.length, line.ranges.at(-1)?.unreachable, missed]).toEqual([expect.any(Number), null, []])
        const { archived, tails } = await gatherHistory(admin, clusterId)
        expect([archived.gaps, archived.problems, tails]).toEqual([[], [], []])
        const transactions = archived.segments.reduce((sum, segment) => sum + segment.transactions, 0)
        // Each once, from the first to the last.
        expect(BigInt(transactions)).toBe(archived.segments.at(-1)!.last - archived.segments[0]!.first + 1n)
      } finally {
        isAway = false
        await Promise.all(workers.map((worker) => worker.end()))
        await client.close()
        await services.close()
      }
    },
  )

  it('goes on where it was, takes back what never was, and follows a new leader; it is no vote and no load', async () => {
    const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
    const tree = new LiveTree(client)
    const before = await client.sync('/')
    for (let i = 0; i < 20; i++) await tree.create(`/more${i}`, 'x'.repeat(i))
    const { leaders, followers } = await serversByRole()
    const reached = await client.sync('/')

    const session = await listen(before)
    expect(session.start.kind).toBe('diff')
    const stream = new Stream(session)
    await stream.until(reached)
    // Byte for byte what a member has put into its own log, which may be a moment behind.
    let logged = await readLogs(followers[0]!.dataDir)
    for (let tries = 0; !logged.has(reached) && tries < 300; tries++) {
      await delay(100)
      logged = await readLogs(followers[0]!.dataDir)
    }
    const heard = [...stream.entries].filter(([zxid]) => zxid <= reached)
    expect(heard.length).toBe(Number(reached - before))
    for (const [zxid, hex] of heard) expect(hex).toBe(logged.get(zxid))

    const leader = leaders[0]!
    const numbers = await ask(leader, 'mntr')
    expect(numbers).toMatch(/zk_outstanding_requests\t0\n/)
    expect(numbers).toMatch(/zk_synced_followers\t2\n/)
    expect(numbers).toMatch(/zk_synced_observers\t1\n/)

    const ahead = await listen(reached + 1000n)
    expect(ahead.start.kind).toBe('truncate')
    expect(ahead.start.zxid).toBeGreaterThanOrEqual(reached)
    await ahead.close()

    leader.kill('SIGKILL')
    expect(await stream.end).toMatchObject({ code: 'LOST' })
    const again = await untilOpen(() => listen(stream.last))
    expect(again.epoch).toBeGreaterThan(session.epoch)
    expect(again.start.kind).toBe('diff')
    const second = new Stream(again)
    await second.until(again.start.zxid)
    // Nothing was written in the new epoch but the move of our session: what came before says which digest it has.
    expect((await take()).manifest.consistency).toMatchObject({ class: 'exact', proof: 'digest' })
    await untilDone(() => tree.create('/after'))
    await second.until(await client.sync('/'))
    expect([...second.entries.keys()].every((zxid) => zxid > stream.last)).toBe(true)

    // Two of three and we: when one more goes, what is left must not take us for the second half of a quorum.
    const left = await retry(
      async () => (await serversByRole()).followers[0] ?? Promise.reject(new Error('it does not serve yet')),
      () => true,
    )
    left.kill('SIGKILL')
    expect(await second.end).toMatchObject({ code: 'LOST' })
    await client.close()
  })
})

/** Every transaction of a member's logs as it lies there, in hex. */
async function readLogs(dataDir: string): Promise<ReadonlyMap<bigint, string>> {
  const dir = join(dataDir, 'version-2')
  const logged = new Map<bigint, string>()
  for (const file of (await readdir(dir)).filter((each) => each.startsWith('log.'))) {
    const log = new LogReader(createReadStream(join(dir, file)), {})
    for await (const batch of log.readEntries()) {
      for (const { zxid, buffer, start, end } of batch) logged.set(zxid, buffer.toString('hex', start, end))
    }
    await log.close()
  }
  return logged
}

/** What came on a session, gathered while the test does other things. */
class Stream {
  readonly entries = new Map<bigint, string>()
  readonly end: Promise<unknown>
  last = 0n
  #wake: () => void = () => undefined

  constructor(session: ObserverSession) {
    this.last = session.start.zxid
    this.end = this.#read(session).catch((error: unknown) => error)
    void this.end.then(() => this.#wake())
  }

  async until(zxid: bigint): Promise<void> {
    while (!this.entries.has(zxid) && this.last < zxid) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async #read(session: ObserverSession): Promise<void> {
    for await (const { entries } of session.transactions()) {
      for (const { zxid, buffer, start, end } of entries) {
        this.entries.set(zxid, buffer.toString('hex', start, end))
        this.last = zxid
      }
      this.#wake()
    }
  }
}

const untilOpen = (open: () => Promise<ObserverSession>) =>
  retry(open, (code) => ['NO_LEADER', 'REFUSED', 'LOST', 'CLOSED', 'SASL_REQUIRED'].includes(code))

const untilDone = (write: () => Promise<void>) => retry(write, () => true)

/** An election takes a while; what is waited for is its end. */
async function retry<T>(work: () => Promise<T>, isPassing: (code: string) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (tries > 300 || !isPassing(code)) throw error
      await delay(100)
    }
  }
}
