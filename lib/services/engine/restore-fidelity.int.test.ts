import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { counterPair } from '../../domain/restore/internal/counter-operations.ts'
import { type Acl, OPEN_ACL } from '../../domain/znode/acl.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { buildTree, streamOf } from '../../testing/znode-builder.ts'
import { findCachedVersions, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { executeRestore } from './execute-restore.ts'
import { type PlanRestoreToInput, planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'
import { RestoreDirectory } from './restore-directory.ts'
import { takeBackup } from './take-backup.ts'

const COUNTER = 1203
const TARGETS = [
  undefined,
  ...findCachedVersions().flatMap(({ version, cached }) => (cached && version.startsWith('3.9') ? [version] : [])),
]
const OPS = 'ops:secret'
const own: Acl[number] = { perms: 31, scheme: 'digest', id: 'ops:w4PIv8/Wzcq4qj4/MfEQ8pvUSS4=' }

const context = createEngineContext()
let source: ZooKeeperServer
let from: ClusterConnection
let sourceSession = 0n
let work = ''

beforeAll(async () => {
  source = await startZooKeeper()
  from = await createZooKeeper().connect({ connectString: source.connectString })
  sourceSession = from.sessionId
  const tree = new LiveTree(from)
  await tree.create('/queue', 'q')
  for (let at = 0; at < COUNTER; at += 401) {
    const pairs = Array.from({ length: 401 }, (_, n) => counterPair('/queue', at + n)).flat()
    expect(await from.multi(pairs)).toMatchObject({ kind: 'done' })
  }
  await create('/queue/job-', { sequential: true })
  await create('/box', { kind: 'container' })
  await create('/box/in', {})
  await create('/lease', { kind: 'ttl', ttlMs: 3_600_000 })
  await create('/queue/worker', { kind: 'ephemeral' })
  await tree.create('/twice', 'a', [own, { perms: 1, scheme: 'world', id: 'anyone' }, own])
  for (const path of ['/zookeeper/quota/queue', '/zookeeper/quota/queue/zookeeper_limits'])
    await tree.create(path, 'count=50,bytes=-1')
  await tree.create('/zookeeper/quota/queue/zookeeper_stats', 'count=0,bytes=0')
})
afterAll(async () => {
  await from?.close()
  await source?.stop()
})
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'arkeeper-fidelity-'))
})
afterEach(async () => {
  await rm(work, { recursive: true, force: true })
})

async function create(path: string, what: Partial<Parameters<ClusterConnection['create']>[0]>): Promise<void> {
  expect(await from.create({ path, data: null, acl: OPEN_ACL, kind: 'persistent', ...what })).toMatchObject({
    kind: 'done',
  })
}

/** The source as the server's own files show it. */
const openFiles = () => context.archives.openDataDir(source.dataDir)

async function withSource<T>(reader: TreeReader, use: (reader: TreeReader) => Promise<T>): Promise<T> {
  try {
    return await use(reader)
  } finally {
    await reader.close()
  }
}

describe.each(TARGETS)('a restore to ZooKeeper %s', (version) => {
  let server: ZooKeeperServer
  let live: ClusterConnection
  let tree: LiveTree
  let target: ClusterTarget

  beforeAll(async () => {
    server = await startZooKeeper({ version })
    target = { connectString: server.connectString, auth: [{ scheme: 'digest', id: OPS }] }
    live = await createZooKeeper().connect(target)
    tree = new LiveTree(live)
  })
  afterAll(async () => {
    await live?.close()
    await server?.stop()
  })
  afterEach(async () => {
    await tree.clear()
  })

  async function plan(reader: TreeReader, options: Partial<PlanRestoreToInput> = {}) {
    return planRestoreTo(context, {
      source: reader,
      connection: live,
      target,
      names: { source: 'source', target: 'target' },
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: join(work, 'run'),
      ...options,
    })
  }
  const apply = (dir = 'run') =>
    executeRestore(context, { dir: join(work, dir), target, safetyParentDir: join(work, 'safety'), run: randomUUID() })

  it('carries kinds, ACLs, counters and quotas, says what it leaves, and takes back what can be', async () => {
    await tree.create('/queue', 'q')
    await tree.create('/lease', null)
    const { fidelity } = await withSource(await openFiles(), (reader) =>
      plan(reader, { counters: { mode: 'burn', operationsMax: 100_000 }, quotas: true }),
    )
    expect(fidelity).toMatchObject({
      kinds: {
        containers: 1,
        ttls: 0,
        unknown: { total: 0 },
        untold: { listed: [{ path: '/lease', source: 'ttl (3600000 ms)' }] },
      },
      counters: { left: { total: 0 }, operations: expect.any(Number) },
      quotas: { asked: true, obstacle: null, written: { total: 1, listed: [{ path: '/queue' }] } },
      ephemerals: {
        left: {
          total: 1,
          listed: [{ path: '/queue/worker', owner: `0x${sourceSession.toString(16)}`, session: 'alive' }],
        },
        dead: 0,
      },
    })
    expect(fidelity?.counters.advanced.listed).toContainEqual({ path: '/queue', from: 1, to: COUNTER + 2 })

    const report = await apply()
    expect(report).toMatchObject({ verified: true, differenceCount: 0, conflictCount: 0 })
    const { checked, reached } = report.fidelity?.counters ?? {}
    expect({ checked, reached }).toEqual({ checked: fidelity?.counters.advanced.total, reached: checked })
    expect(report.fidelity?.acls).toEqual({ compared: fidelity?.acls.planned, hidden: 0, unresolved: 0 })
    // The number that the source would have given: its queue has had 1203 children, one job and one worker.
    const next = await live.create({
      path: '/queue/job-',
      data: null,
      acl: OPEN_ACL,
      kind: 'persistent',
      sequential: true,
    })
    expect(next).toMatchObject({ kind: 'done', path: `/queue/job-000000${COUNTER + 2}` })
    expect((await tree.find('/twice'))?.acl).toHaveLength(2)
    const stats = '/zookeeper/quota/queue/zookeeper_stats'
    expect(await tree.text('/zookeeper/quota/queue/zookeeper_limits')).toBe('count=50,bytes=-1')
    // Counted by the server itself: the queue and two jobs.
    expect(await tree.text(stats)).toMatch(/^count=3,/)

    // What a client cannot see, the server's own files tell.
    const written = await withSource(await context.archives.openDataDir(server.dataDir), async (reader) => {
      const box = await reader.get('/box')
      return box.kind === 'found' ? box.znode.kind : box.kind
    })
    expect(written).toBe('container')

    const undo = await planUndoFrom(context, {
      undoDir: join(work, 'run'),
      dir: join(work, 'undo'),
      connection: live,
      target,
      onConflict: 'stop',
      source: 'undo',
    })
    expect(undo.warnings.map(({ code, path }) => `${code} ${path}`)).toContain('counter-kept /queue')
    expect(await apply('undo')).toMatchObject({ verified: true })
    expect(await tree.find('/zookeeper/quota/queue')).toBeNull()
    expect(await tree.namesOf('/queue')).toEqual([`job-000000${COUNTER + 2}`])
    expect((await tree.find('/queue'))?.stat.cversion).toBeGreaterThanOrEqual(COUNTER + 2)
  })

  it('compares ACLs as the server stores them: auth as who the session is, an entry given twice as one', async () => {
    const anyone = { perms: 1, scheme: 'world', id: 'anyone' }
    const auth = { perms: 31, scheme: 'auth', id: '' }
    const { dir } = await context.archives.write({
      parentDir: join(work, 'backups'),
      stream: streamOf(
        buildTree([
          { path: '/mine', acl: [anyone, auth] },
          { path: '/mine/twice', acl: [own, anyone, own] },
        ]),
      ),
      describe: () => ({
        cluster: { name: 'made', connectString: null, chroot: '/' },
        source: 'files',
        zookeeperVersion: null,
        scope: { paths: ['/'], kind: 'subtrees' },
        zxid: 1n,
        consistency: { class: 'exact', proof: 'quiet', from: '0x1', to: '0x1', moved: [] },
        unreadable: [],
      }),
      startedAtMs: context.clock.now(),
      now: () => context.clock.now(),
    })
    await withSource(await context.archives.open(dir), (reader) => plan(reader))
    expect(await apply()).toMatchObject({
      verified: true,
      fidelity: { acls: { compared: 2, hidden: 0, unresolved: 0 } },
    })
    expect((await tree.find('/mine'))?.acl).toEqual([anyone, own])
    expect((await tree.find('/mine/twice'))?.acl).toHaveLength(2)
  })

  it('keeps to the cap, and leaves counters and quotas alone unless asked', async () => {
    await withSource(await openFiles(), async (reader) => {
      const capped = await plan(reader, { counters: { mode: 'burn', operationsMax: 100 } })
      expect(capped.fidelity?.counters.left.listed).toContainEqual({
        path: '/queue',
        next: 1,
        source: COUNTER + 2,
        reason: 'cap',
      })
      expect(capped.fidelity?.counters.operations).toBeLessThanOrEqual(100)
      const plain = await plan(reader)
      expect(plain.fidelity).toMatchObject({ counters: { operations: 0 }, quotas: { asked: false, left: 1 } })
      for await (const step of new RestoreDirectory(join(work, 'run')).readSteps())
        expect(step.step).not.toBe('advanceCounter')
    })
  })

  it('says unknown where the source is a walk over the client port', async () => {
    const { dir } = await takeBackup(context, {
      target: { connectString: source.connectString },
      clusterName: 'source',
      paths: [],
      parentDir: join(work, 'backups'),
    })
    const { fidelity } = await withSource(await context.archives.open(dir), (reader) => plan(reader, { quotas: true }))
    expect(fidelity).toMatchObject({
      kinds: { containers: 0, ttls: 0 },
      quotas: { obstacle: null, written: { total: 1 } },
      ephemerals: { left: { total: 1, listed: [{ path: '/queue/worker', session: 'unknown' }] } },
    })
    expect(fidelity?.kinds.unknown.listed.map(({ path }) => path)).toEqual(expect.arrayContaining(['/box', '/lease']))
  })
})
