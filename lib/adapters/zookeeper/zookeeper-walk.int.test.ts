import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { type Acl, OPEN_ACL } from '../../domain/znode/acl.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { joinPath } from '../../domain/znode/path.ts'
import type { Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { startZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection } from './connection.ts'
import { BulkPool } from './internal/bulk-pool.ts'
import type { WireOptions } from './internal/bulk-session.ts'
import { PackageSession } from './internal/package-session.ts'
import { ZooKeeperConnection } from './internal/zookeeper-connection.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
let server: ZooKeeperServer
let connection: ClusterConnection
let deepest = ''
/** On a busy machine a ping may come later than a session commonly lasts. */
const LONG_MS = 300_000

const CLOSED: Acl = [
  { perms: 31, scheme: 'digest', id: `ann:${createHash('sha1').update('ann:secret').digest('base64')}` },
]

beforeAll(async () => {
  server = await startZooKeeper({ config: { maxSessionTimeout: String(LONG_MS) } })
  connection = await zooKeeper.connect({ connectString: server.connectString, sessionTimeoutMs: LONG_MS })
  await create(sampleTree())
  await create([{ path: '/tree/closed', acl: CLOSED }, { path: '/tree/closed-not' }])
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

interface Sketch {
  readonly path: string
  readonly data?: Uint8Array | null
  readonly acl?: Acl
}

async function create(sketches: readonly Sketch[]): Promise<void> {
  for (let at = 0; at < sketches.length; at += 400) {
    const operations = sketches.slice(at, at + 400).map(
      ({ path, data, acl }): WriteOperation => ({
        op: 'create',
        path,
        data: data ?? null,
        acl: acl ?? OPEN_ACL,
        kind: 'persistent',
        ttlMs: null,
      }),
    )
    expect(await connection.multi(operations)).toMatchObject({ kind: 'done' })
  }
}

/** A wide parent, a chain of 200, neighbours that share a beginning, and a random middle with values up to 200 kB. */
function sampleTree(): Sketch[] {
  const random = new SeededRandom(20261123)
  const sketches: Sketch[] = [{ path: '/tree' }, { path: '/tree/wide' }]
  for (let i = 0; i < 3_000; i++) sketches.push({ path: `/tree/wide/child-${i}`, data: Buffer.from(`value ${i}`) })
  let path = '/tree/deep'
  sketches.push({ path })
  for (let i = 0; i < 200; i++) {
    path += '/d'
    sketches.push({ path, data: Buffer.from([i]) })
  }
  deepest = path
  for (const neighbour of ['/tree/a', '/tree/a/x', '/tree/a b', '/tree/a-b', '/tree/ab', '/tree/ab/x', '/treehouse']) {
    sketches.push({ path: neighbour, data: new Uint8Array() })
  }
  const places = ['/tree/a']
  for (let i = 0; i < 2_000; i++) {
    const parent = random.pick(places)
    const place = joinPath(parent, `${random.pick(['ä', 'z', '0', '-', ' '])}${i}`)
    const size = random.chance(0.005) ? 200_000 : random.below(500)
    sketches.push({
      path: place,
      data: random.chance(0.1) ? null : random.bytes(size),
      acl: random.chance(0.2)
        ? [
            { perms: 31, scheme: 'world', id: 'anyone' },
            { perms: 1, scheme: 'ip', id: '10.0.0.1' },
          ]
        : OPEN_ACL,
    })
    if (places.length < 300) places.push(place)
  }
  return sketches
}

async function collect(stream: ZnodeStream): Promise<Znode[]> {
  const znodes: Znode[] = []
  for await (const batch of stream) znodes.push(...batch.znodes)
  return znodes
}

/** Values as text, which is compared in one step instead of byte by byte. */
const plain = (znodes: readonly Znode[]) =>
  znodes.map(({ data, ...rest }) => ({ ...rest, data: data && Buffer.from(data).toString('base64') }))

/** One znode at a time, with other requests than the walk uses. */
async function readSimply(reader: ClusterConnection, root: string): Promise<Znode[]> {
  const znodes: Znode[] = []
  const stack = [root]
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    const reading = await reader.get(path)
    if (reading.kind !== 'found') continue
    znodes.push(reading.znode)
    let after: string | undefined
    for (;;) {
      const page = await reader.listChildren(path, { after, limit: 1000 })
      if (page.kind !== 'page') break
      for (const child of page.children) stack.push(joinPath(path, child.name))
      if (page.next === null) break
      after = page.next
    }
  }
  return znodes.sort((a, b) => comparePaths(a.path, b.path))
}

describe('a walk', () => {
  test('equals what a simple reader finds, in path order, with a parent before its children', async () => {
    const walk = connection.walk(['/tree'], { watchMoves: true })
    const walked = await collect(walk.stream)
    const simple = await readSimply(connection, '/tree')
    expect(walked.map((znode) => znode.path)).toEqual(['/', ...simple.map((znode) => znode.path)])
    expect(plain(walked.slice(1))).toEqual(plain(simple))
    expect(walked.some((znode) => znode.path === deepest)).toBe(true)
    const facts = walk.facts()
    expect(facts.znodes).toBe(walked.length)
    expect(facts.dataBytes).toBe(walked.reduce((sum, znode) => sum + (znode.data?.length ?? 0), 0))
    expect(walk.progress()).toEqual({ znodes: facts.znodes, dataBytes: facts.dataBytes })
    expect(facts).toMatchObject({ vanished: [], moved: [], unreadable: [{ path: '/tree/closed', reason: 'no-auth' }] })
    expect(facts.zxidFrom).toBe(facts.zxidTo)
  })

  test('reports a place without read right in the batch that surrounds it', async () => {
    for await (const batch of connection.walk(['/tree']).stream) {
      const at = batch.unreadable.findIndex((place) => place.path === '/tree/closed')
      if (at === -1) continue
      const order = [...batch.znodes, ...batch.unreadable].map((place) => place.path).sort(comparePaths)
      expect(order.at(0)).not.toBe('/tree/closed')
      expect(order.at(-1)).not.toBe('/tree/closed')
      return
    }
    throw new Error('the unreadable place was not reported')
  })

  test('shares one list between equal ACLs', async () => {
    const walked = await collect(connection.readSubtree('/tree/wide'))
    expect(new Set(walked.map((znode) => znode.acl)).size).toBe(1)
  })

  test('of a subtree leaves out neighbours with the same beginning and brings the way to it', async () => {
    const paths = (await collect(connection.walk(['/tree/ab', '/tree/ab/x']).stream)).map((znode) => znode.path)
    expect(paths).toEqual(['/', '/tree', '/tree/ab', '/tree/ab/x'])
    const without = (await collect(connection.readSubtree('/tree/ab'))).map((znode) => znode.path)
    expect(without).toEqual(['/tree/ab', '/tree/ab/x'])
  })

  test('of the whole tree leaves out the system subtree unless asked for or named', async () => {
    const without = (await collect(connection.readSubtree('/'))).map((znode) => znode.path)
    expect(without).toContain('/treehouse')
    expect(without.some((path) => path.startsWith('/zookeeper'))).toBe(false)
    const whole = await collect(connection.readSubtree('/', { includeSystem: true }))
    const system = whole.filter((znode) => znode.path.startsWith('/zookeeper'))
    expect(system.map((znode) => [znode.path, znode.kind])).toEqual([
      ['/zookeeper', 'persistent'],
      ['/zookeeper/config', 'persistent'],
      ['/zookeeper/quota', 'persistent'],
    ])
    expect(await collect(connection.readSubtree('/zookeeper'))).toHaveLength(3)
  })

  test('of a root that does not exist fails with NO_NODE', async () => {
    for (const roots of [['/nowhere'], ['/tree', '/nowhere/below']]) {
      await expect(collect(connection.walk(roots).stream)).rejects.toMatchObject({ code: 'NO_NODE' })
    }
    await expect(collect(connection.readSubtree('/nowhere'))).rejects.toMatchObject({ code: 'NO_NODE' })
  })

  test('keeps an ancestor that is closed to us as a place holder, and says so', async () => {
    const auth = [{ scheme: 'digest', id: 'ann:secret' }]
    const ann = await zooKeeper.connect({ connectString: server.connectString, auth })
    await ann.create({ path: '/tree/closed/open', data: Buffer.from('x'), acl: OPEN_ACL, kind: 'persistent' })
    await ann.close()
    const walk = connection.walk(['/tree/closed/open'])
    const walked = await collect(walk.stream)
    expect(walked.map((znode) => znode.path)).toEqual(['/', '/tree', '/tree/closed', '/tree/closed/open'])
    expect(walk.facts().unreadable).toMatchObject([{ path: '/tree/closed', reason: 'no-auth' }])
  })

  test('under a concurrent writer gives a sorted tree, and every path that moved is named', async () => {
    const other = await zooKeeper.connect({ connectString: server.connectString })
    const walk = connection.walk(['/tree'], { watchMoves: true })
    const touched = new Set<string>()
    let round = 0
    const paths: string[] = []
    for await (const batch of walk.stream) {
      paths.push(...batch.znodes.map((znode) => znode.path))
      const changed = `/tree/wide/child-${round}`
      const created = `/tree/wide/new-${round}`
      const removed = `/tree/wide/child-${2_999 - round}`
      round++
      const outcome = await other.multi([
        { op: 'setData', path: changed, data: Buffer.from('moved'), version: -1 },
        { op: 'create', path: created, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
        { op: 'delete', path: removed, version: -1 },
      ])
      expect(outcome.kind).toBe('done')
      for (const path of [changed, created, removed]) touched.add(path)
    }
    await other.close()
    expect(paths).toEqual([...new Set(paths)].sort(comparePaths))
    const { moved, zxidFrom, zxidTo } = walk.facts()
    expect(moved).toEqual([...touched].sort(comparePaths))
    expect(zxidTo).toBeGreaterThan(zxidFrom)
  })

  test('can be left early and cancelled, and leaves no session behind', async () => {
    const before = await openConnections()
    const fresh = await zooKeeper.connect({ connectString: server.connectString })
    for await (const batch of fresh.walk(['/tree']).stream) {
      expect(batch.znodes.length).toBeGreaterThan(0)
      break
    }
    const abort = new AbortController()
    const cancelled = async () => {
      for await (const _batch of fresh.walk(['/tree'], { signal: abort.signal }).stream) abort.abort()
    }
    await expect(cancelled()).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(collect(fresh.walk(['/tree'], { signal: abort.signal }).stream)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await fresh.close()
    await expect.poll(openConnections, { timeout: 60_000 }).toBe(before)
  })

  test('can be cancelled while the server gives no answer', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    const distant = await zooKeeper.connect({ connectString: proxy.connectString })
    try {
      const abort = new AbortController()
      const reading = async () => {
        for await (const _batch of distant.walk(['/tree'], { signal: abort.signal, watchMoves: true }).stream) {
          proxy.freeze()
          setTimeout(() => abort.abort(), 100)
        }
      }
      await expect(reading()).rejects.toMatchObject({ code: 'CANCELLED' })
    } finally {
      proxy.resume()
      await distant.close()
      await proxy.stop()
    }
  })

  test('makes do with fewer sessions where the server allows no more', async () => {
    const narrow = await startZooKeeper({ config: { maxClientCnxns: '4' } })
    const limited = await zooKeeper.connect({ connectString: narrow.connectString })
    try {
      const operations = Array.from(
        { length: 8_000 },
        (_, i): WriteOperation => ({
          op: 'create',
          path: `/n${i}`,
          data: null,
          acl: OPEN_ACL,
          kind: 'persistent',
          ttlMs: null,
        }),
      )
      for (let at = 0; at < operations.length; at += 1_000) {
        expect((await limited.multi(operations.slice(at, at + 1_000))).kind).toBe('done')
      }
      expect(await collect(limited.walk(['/']).stream)).toHaveLength(8_001)
    } finally {
      await limited.close()
      await narrow.stop()
    }
  })

  test('several at once do not disturb each other', async () => {
    const [first, second, third] = await Promise.all([
      collect(connection.walk(['/tree']).stream),
      collect(connection.readSubtree('/tree')),
      collect(connection.readSubtree('/tree/wide')),
    ])
    expect(plain(first.slice(1))).toEqual(plain(second))
    expect(third.map((znode) => znode.path)).toEqual(
      second.map((znode) => znode.path).filter((path) => path === '/tree/wide' || path.startsWith('/tree/wide/')),
    )
  })

  test('goes on over new connections when its own are cut, and gives the same tree', async () => {
    const expected = (await collect(connection.readSubtree('/tree'))).map((znode) => znode.path)
    const proxy = await startZooKeeperProxy(server.port)
    const distant = await zooKeeper.connect({ connectString: proxy.connectString })
    try {
      let cuts = 0
      const paths: string[] = []
      for await (const batch of distant.readSubtree('/tree')) {
        paths.push(...batch.znodes.map((znode) => znode.path))
        if (cuts++ < 3) proxy.cut()
      }
      expect(cuts).toBeGreaterThan(3)
      expect(paths).toEqual(expected)
    } finally {
      await distant.close()
      await proxy.stop()
    }
  })

  test('fails with CONNECTION_LOST when there is no way back, within its deadlines', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    const distant = await zooKeeper.connect({ connectString: proxy.connectString, connectTimeoutMs: 1_000 })
    try {
      const reading = async () => {
        for await (const _batch of distant.readSubtree('/tree')) await proxy.stop()
      }
      await expect(reading()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    } finally {
      await distant.close()
      await proxy.stop()
    }
  })

  test('does not wait for ever on a server that has gone silent', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    const distant = await zooKeeper.connect({
      connectString: proxy.connectString,
      connectTimeoutMs: 1_000,
      requestTimeoutMs: 1_000,
    })
    try {
      const reading = async () => {
        for await (const _batch of distant.readSubtree('/tree')) proxy.freeze()
      }
      await expect(reading()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    } finally {
      proxy.resume()
      await distant.close()
      await proxy.stop()
    }
  })

  test('reads a server without batched reads request by request, with the same result', async () => {
    const expected = await collect(connection.readSubtree('/tree'))
    const proxy = await startZooKeeperProxy(server.port)
    // Operations of 3.6 and later become one that no server knows: -6 and the end of the connection, as an older server does.
    const younger = new Set([22, 104, 106])
    proxy.onRequest((frame) => {
      if (frame.length >= 8 && frame.readInt32BE(0) > 0 && younger.has(frame.readInt32BE(4))) frame.writeInt32BE(999, 4)
    })
    const wire = wireTo(proxy.port)
    const session = await PackageSession.open(wire, { startIndex: 0 })
    const pool = new BulkPool(wire, { startIndex: 0 })
    const old = new ZooKeeperConnection({ session, pool, chroot: '', serverVersion: null })
    try {
      const walk = old.walk(['/tree'], { watchMoves: true })
      const walked = await collect(walk.stream)
      expect(plain(walked.slice(1))).toEqual(plain(expected))
      expect(walk.facts().moved).toBeNull()
      const paths = expected.slice(0, 200).map((znode) => znode.path)
      const readings = await old.readMany(paths)
      const found = readings.flatMap((reading) => (reading.kind === 'found' ? [reading.znode] : []))
      expect(plain(found)).toEqual(plain(expected.slice(0, 200)))
      expect(await old.countDescendants('/tree/a')).toBe(await connection.countDescendants('/tree/a'))
      expect(await old.followMoves(['/tree'])).toBeNull()
    } finally {
      await old.close()
      await proxy.stop()
    }
  })
})

test('bulk sessions are closed after a while without use', async () => {
  const before = await openConnections()
  const pool = new BulkPool(wireTo(server.port), { startIndex: 0, idleMs: 50 })
  const sessions = await pool.lease(4)
  expect(pool.openSessions).toBe(4)
  for (const session of sessions) pool.release(session)
  await expect.poll(() => pool.openSessions, { timeout: 60_000 }).toBe(0)
  await expect.poll(openConnections, { timeout: 60_000 }).toBe(before)
  await pool.close()
})

test('a bulk session whose connection is lost while nobody uses it is not made again, and not lent again', async () => {
  const proxy = await startZooKeeperProxy(server.port)
  const pool = new BulkPool(wireTo(proxy.port), { startIndex: 0 })
  try {
    const [idle] = await pool.lease(1)
    if (idle) pool.release(idle)
    proxy.cut()
    await expect.poll(() => idle?.failure, { timeout: 60_000 }).toMatchObject({ code: 'CONNECTION_LOST' })
    expect(proxy.accepted).toBe(1)
    const [next] = await pool.lease(1)
    expect(next).not.toBe(idle)
    expect(next?.isConnected).toBe(true)
    // One that is given back while it has no connection is not kept either.
    await proxy.stop()
    await expect.poll(() => next?.isConnected, { timeout: 60_000 }).toBe(false)
    if (next) pool.release(next)
    expect(next?.failure).not.toBeNull()
    expect(pool.openSessions).toBe(0)
  } finally {
    await pool.close()
    await proxy.stop()
  }
})

function wireTo(port: number): WireOptions {
  return {
    servers: [{ host: '127.0.0.1', port }],
    chroot: '',
    credentials: [],
    tls: null,
    sessionTimeoutMs: LONG_MS,
    connectTimeoutMs: 20_000,
    requestTimeoutMs: 20_000,
    requestBytesMax: 1_048_575,
  }
}

/** Connections that the server knows, the asking one not counted. */
async function openConnections(): Promise<number> {
  const [entry] = await zooKeeper.serverStatus({ connectString: server.connectString })
  return (entry?.status?.connections ?? 0) - 1
}
