import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import type { Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { diffSources } from './diff-sources.ts'
import { takeBackup } from './take-backup.ts'

/** More than a walk reads ahead: what is written after its first batch lands in the middle. */
const BULK = '/bulk'
const BULK_CHILDREN = 40_000

let server: ZooKeeperServer
let client: ClusterConnection
let store = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await connect()
  await create(BULK)
  for (let start = 0; start < BULK_CHILDREN; start += 1000) {
    const outcome = await client.multi(
      Array.from({ length: 1000 }, (_, i) => ({
        op: 'create',
        path: `${BULK}/n${start + i}`,
        data: Buffer.alloc(200),
        acl: OPEN_ACL,
        kind: 'persistent',
        ttlMs: null,
      })),
    )
    expect(outcome.kind).toBe('done')
  }
  await client.close()
})
afterAll(() => server?.stop())
// A client of its own for each test: one that has idle sessions ends them in the middle of a later backup, which is a write of the cluster.
beforeEach(async () => {
  client = await connect()
  store = await mkdtemp(join(tmpdir(), 'arkeeper-store-'))
})
afterEach(async () => {
  await rm(store, { recursive: true, force: true })
  for (const child of await namesOf('/')) if (child !== 'zookeeper' && `/${child}` !== BULK) await remove(`/${child}`)
  await client.close()
})

const connect = () => createZooKeeper().connect({ connectString: server.connectString })

async function namesOf(path: string): Promise<string[]> {
  const page = await client.listChildren(path, { limit: 1000 })
  return page.kind === 'page' ? page.children.map((child) => child.name) : []
}
async function remove(path: string): Promise<void> {
  for (const child of await namesOf(path)) await remove(`${path}/${child}`)
  await client.multi([{ op: 'delete', path, version: -1 }])
}
async function create(path: string, text: string | null = ''): Promise<void> {
  const data = text === null ? null : Buffer.from(text)
  const outcome = await client.create({ path, data, acl: OPEN_ACL, kind: 'persistent' })
  expect(outcome.kind).toBe('done')
}
const setData = (path: string, text: string) =>
  client.multi([{ op: 'setData', path, data: Buffer.from(text), version: -1 }])

const input = (paths: string[] = []) => ({
  target: { connectString: server.connectString },
  clusterName: 'test',
  paths,
  parentDir: store,
})

async function readAll(stream: ZnodeStream): Promise<Map<string, Znode>> {
  const znodes = new Map<string, Znode>()
  for await (const batch of stream) for (const znode of batch.znodes) znodes.set(znode.path, znode)
  return znodes
}

/** The real adapter, with `between` run once after the n-th batch of a walk: writes that land in the middle of a backup. */
function interrupted(batchAt: number, between: () => Promise<void>): ZooKeeperPort {
  const real = createZooKeeper()
  return {
    ...real,
    connect: async (target, options) => {
      const connection = await real.connect(target, options)
      return new Proxy(connection, {
        get(subject, key) {
          const value = Reflect.get(subject, key)
          if (key !== 'walk') return typeof value === 'function' ? value.bind(subject) : value
          return (...args: Parameters<ClusterConnection['walk']>) => {
            const walk = subject.walk(...args)
            return { ...walk, facts: () => walk.facts(), progress: () => walk.progress(), stream: hook(walk.stream) }
          }
        },
      })
    },
  }
  async function* hook(stream: ZnodeStream): ZnodeStream {
    let at = 0
    for await (const batch of stream) {
      yield batch
      if (at++ === batchAt) await between()
    }
  }
}

describe('takeBackup', () => {
  it('proves a quiet tree to be one state, and what it read to be what is there', async () => {
    await create('/app')
    await create('/app/null', null)
    await create('/app/empty', '')
    await create('/app/ünï', 'x')
    const context = createEngineContext()
    const { manifest, dir } = await takeBackup(context, input(['/app']))
    expect(manifest.consistency).toMatchObject({ class: 'exact', proof: 'quiet' })
    expect(manifest.status).toBe('complete')
    expect(manifest.consistency.from).toBe(manifest.zxid)
    const archive = await context.archives.open(dir)
    const diff = diffSources({ left: archive, right: client, path: '/', includeEphemerals: true })
    for await (const changes of diff.changes) expect(changes).toEqual([])
    expect(diff.counts().compared).toBe(4)
    const znodes = await readAll(archive.readSubtree('/'))
    expect(znodes.get('/app/null')?.data).toBeNull()
    expect(znodes.get('/app/empty')?.data).toHaveLength(0)
    await archive.close()
  })

  it('reads again what moved during the walk, and proves the result when every transaction is accounted for', async () => {
    await create('/zz')
    for (let i = 0; i < 20; i++) await create(`/zz/n${i}`, 'old')
    const context = {
      ...createEngineContext(),
      zookeeper: interrupted(0, async () => {
        await setData('/zz/n3', 'new')
        await create('/zz/born', 'new')
        await client.multi([{ op: 'delete', path: '/zz/n4', version: -1 }])
      }),
    }
    const { manifest, dir } = await takeBackup(context, input([BULK, '/zz']))
    expect(manifest.consistency).toMatchObject({ class: 'exact', proof: 'converged', movedReread: true })
    expect(manifest.consistency.moved).toEqual(['/zz/born', '/zz/n3', '/zz/n4'])
    expect(manifest.consistency.to).toBe(manifest.zxid)
    const archive = await context.archives.open(dir)
    const znodes = await readAll(archive.readSubtree('/'))
    expect(Buffer.from(znodes.get('/zz/n3')?.data ?? [])).toEqual(Buffer.from('new'))
    expect(znodes.has('/zz/born')).toBe(true)
    expect(znodes.has('/zz/n4')).toBe(false)
    await archive.close()
    expect(await readdir(store)).toHaveLength(1)
  })

  it('corrects what it had written when it moved, and nothing else', async () => {
    await create('/aa')
    for (let i = 0; i < 20; i++) await create(`/aa/n${i}`, 'old')
    const stages: string[] = []
    const context = {
      ...createEngineContext(),
      // By then the walk is past everything below /aa.
      zookeeper: interrupted(10, async () => {
        await setData('/aa/n3', 'new')
        await create('/aa/born', 'new')
        await client.multi([{ op: 'delete', path: '/aa/n4', version: -1 }])
      }),
    }
    const onProgress = ({ stage }: { stage: string }) => {
      if (stages.at(-1) !== stage) stages.push(stage)
    }
    const { manifest, dir } = await takeBackup(context, { ...input(['/aa', BULK]), onProgress })
    expect(stages.lastIndexOf('Reading znodes')).toBeGreaterThan(stages.indexOf('Reading again what moved'))
    expect(manifest.consistency).toMatchObject({ class: 'exact', proof: 'converged', movedReread: true })
    const archive = await context.archives.open(dir)
    const diff = diffSources({ left: archive, right: client, path: '/' })
    for await (const changes of diff.changes) expect(changes).toEqual([])
    await archive.close()
    expect(await readdir(store)).toHaveLength(1)
  })

  it('is not written twice when something was read again, and was as it had been written', async () => {
    const stages: string[] = []
    const context = {
      ...createEngineContext(),
      // A session that comes and goes moves the zxid; the quota znodes are read again whenever it moved.
      zookeeper: interrupted(10, async () => {
        const passing = await connect()
        await passing.close()
      }),
    }
    const onProgress = ({ stage }: { stage: string }) => stages.push(stage)
    const { manifest, dir } = await takeBackup(context, { ...input(), onProgress })
    expect(manifest.consistency).toMatchObject({ class: 'fuzzy', moved: [], movedReread: true, movedKnown: true })
    expect(stages).toContain('Reading again what moved')
    expect(stages.indexOf('Reading again what moved')).toBeGreaterThan(stages.lastIndexOf('Reading znodes'))
    const archive = await context.archives.open(dir)
    const diff = diffSources({ left: archive, right: client, path: '/' })
    for await (const changes of diff.changes) expect(changes).toEqual([])
    await archive.close()
    expect(await readdir(store)).toHaveLength(1)
  })

  it('does not call it exact when a transaction of the window is not accounted for: no watch tells of a setACL', async () => {
    await create('/zz')
    const context = {
      ...createEngineContext(),
      zookeeper: interrupted(0, async () => {
        await client.setAcl('/zz', [{ perms: 1, scheme: 'world', id: 'anyone' }, ...OPEN_ACL], -1)
      }),
    }
    const { manifest } = await takeBackup(context, input([BULK, '/zz']))
    expect(manifest.consistency.class).toBe('fuzzy')
    expect(manifest.consistency.moved).toEqual([])
    expect(BigInt(manifest.consistency.to)).toBe(BigInt(manifest.consistency.from) + 1n)
  })

  it('does not call it exact when two writes of one znode hide the first of them', async () => {
    await create('/zz')
    const context = {
      ...createEngineContext(),
      zookeeper: interrupted(0, async () => {
        await setData('/zz', '1')
        await setData('/zz', '2')
      }),
    }
    const { manifest } = await takeBackup(context, input([BULK, '/zz']))
    expect(manifest.consistency).toMatchObject({ class: 'fuzzy', moved: ['/zz'], movedReread: true, movedKnown: true })
  })

  it('holds a subtree with its ancestors, and nothing beside it', async () => {
    await create('/a')
    await create('/a/b')
    await create('/a/b/c')
    await create('/a/bc')
    const context = createEngineContext()
    const { manifest, dir } = await takeBackup(context, input(['/a/b']))
    expect(manifest.scope).toEqual({ paths: ['/a/b'], kind: 'subtrees' })
    const archive = await context.archives.open(dir)
    const paths = [...(await readAll(archive.readSubtree('/'))).keys()]
    expect(paths).toEqual(['/', '/a', '/a/b', '/a/b/c'])
    const diff = diffSources({ left: archive, right: client, path: '/' })
    for await (const changes of diff.changes) expect(changes).toEqual([])
    await archive.close()
  })

  it('fails for a root that does not exist, and leaves nothing', async () => {
    await expect(takeBackup(createEngineContext(), input(['/nope']))).rejects.toMatchObject({ code: 'NO_NODE' })
    expect(await readdir(store)).toEqual([])
  })

  it('is partial when a znode cannot be read, and says which', async () => {
    await create('/app')
    await create('/app/closed', 'x')
    await client.setAcl('/app/closed', [{ perms: 16, scheme: 'world', id: 'anyone' }], -1)
    const { manifest } = await takeBackup(createEngineContext(), input(['/app']))
    expect(manifest.status).toBe('partial')
    expect(manifest.fidelity.unreadable).toEqual(['/app/closed'])
    await client.setAcl('/app/closed', OPEN_ACL, -1)
  })

  it('leaves nothing when it is cancelled in the middle', async () => {
    await create('/app')
    const abort = new AbortController()
    const context = {
      ...createEngineContext({ signal: abort.signal }),
      zookeeper: interrupted(0, async () => abort.abort()),
    }
    await expect(takeBackup(context, input())).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(store)).toEqual([])
  })
})

describe('the sequence counters in the fidelity report', () => {
  const createSequential = async (path: string): Promise<string> => {
    const outcome = await client.create({ path, data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true })
    return outcome.kind === 'done' ? outcome.path : outcome.message
  }

  it('say for each parent the number that the server gives to its next sequential child', async () => {
    for (const path of ['/app', '/app/queue', '/app/gone', '/app/plain', '/app/plain/a']) await create(path)
    for (let i = 0; i < 3; i++) await createSequential('/app/queue/task-')
    await remove('/app/queue/task-0000000001')
    await create('/app/gone/x')
    await remove('/app/gone/x')
    const { manifest } = await takeBackup(createEngineContext(), input(['/app']))
    expect(manifest.fidelity.sequenceParents).toEqual([
      { path: '/app/gone', next: 1 },
      { path: '/app/queue', next: 3 },
    ])
    expect(manifest.fidelity.sequenceParentsTotal).toBeUndefined()
    expect(await createSequential('/app/queue/task-')).toBe('/app/queue/task-0000000003')
    expect(await createSequential('/app/gone/')).toBe('/app/gone/0000000001')
  })
})
