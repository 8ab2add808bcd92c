import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { type Acl, OPEN_ACL } from '../../domain/znode/acl.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection } from './connection.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
let server: ZooKeeperServer
let connection: ClusterConnection
let counter = 0
/** A place of its own for each test. */
let base = ''

beforeAll(async () => {
  server = await startZooKeeper()
  connection = await zooKeeper.connect({ connectString: server.connectString })
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})
beforeEach(async () => {
  base = `/t${counter++}`
  await make(base)
})

async function make(path: string, data: Uint8Array | null = null, acl: Acl = OPEN_ACL): Promise<void> {
  expect(await connection.create({ path, data, acl, kind: 'persistent' })).toMatchObject({ kind: 'done' })
}

async function found(path: string) {
  const reading = await connection.get(path)
  if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
  return reading.znode
}

const bytes = (text: string) => Buffer.from(text)
const digestId = (credentials: string) =>
  `${credentials.split(':')[0]}:${createHash('sha1').update(credentials).digest('base64')}`

describe('guards', () => {
  test('version 0 guards like any other version, in check, setData and delete', async () => {
    await make(`${base}/a`, bytes('one'))
    const first = await connection.multi([{ op: 'setData', path: `${base}/a`, data: bytes('two'), version: 0 }])
    expect(first).toMatchObject({ kind: 'done', stats: [{ version: 1 }] })
    const stale: WriteOperation[] = [
      { op: 'check', path: `${base}/a`, version: 0 },
      { op: 'setData', path: `${base}/a`, data: bytes('lost'), version: 0 },
      { op: 'delete', path: `${base}/a`, version: 0 },
    ]
    for (const operation of stale) {
      expect(await connection.multi([operation])).toMatchObject({ kind: 'refused', index: 0, code: 'BAD_VERSION' })
    }
    expect(await found(`${base}/a`)).toMatchObject({ data: bytes('two'), stat: { version: 1 } })
  })

  test('a multi is all or nothing, and names the operation that failed', async () => {
    const outcome = await connection.multi([
      { op: 'create', path: `${base}/new`, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
      { op: 'check', path: base, version: 0 },
      { op: 'delete', path: `${base}/missing`, version: -1 },
      { op: 'check', path: base, version: 0 },
    ])
    expect(outcome).toMatchObject({ kind: 'refused', index: 2, code: 'NO_NODE' })
    expect(outcome.kind === 'refused' && outcome.message).toContain(`${base}/missing`)
    expect(await connection.get(`${base}/new`)).toEqual({ kind: 'missing' })
  })

  test.each([
    [
      'NODE_EXISTS',
      (): WriteOperation => ({ op: 'create', path: base, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null }),
    ],
    ['NO_NODE', (): WriteOperation => ({ op: 'setData', path: `${base}/no`, data: null, version: -1 })],
    [
      'INVALID_ACL',
      (): WriteOperation => ({ op: 'create', path: `${base}/x`, data: null, acl: [], kind: 'persistent', ttlMs: null }),
    ],
    [
      'BAD_ARGUMENTS',
      (): WriteOperation => ({ op: 'create', path: `${base}/x`, data: null, acl: OPEN_ACL, kind: 'ttl', ttlMs: -5 }),
    ],
    ['NOT_EMPTY', (): WriteOperation => ({ op: 'delete', path: base, version: -1 })],
  ])('a refusal is data: %s', async (code, operation) => {
    await make(`${base}/child`)
    expect(await connection.multi([operation()])).toMatchObject({ kind: 'refused', index: 0, code })
  })

  test('an error that the package does not know is a refusal like any other, and the session goes on', async () => {
    const strict = await startZooKeeper({ javaProperties: { 'zookeeper.enforceQuota': 'true' } })
    const limited = await zooKeeper.connect({ connectString: strict.connectString })
    try {
      const { sessionId } = limited
      const limits = Buffer.from('count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2')
      const stats = Buffer.from('count=0,bytes=0')
      const made = await limited.multi(
        [
          { path: '/q', data: null },
          { path: '/zookeeper/quota/q', data: null },
          { path: '/zookeeper/quota/q/zookeeper_limits', data: limits },
          { path: '/zookeeper/quota/q/zookeeper_stats', data: stats },
          { path: '/q/1', data: null },
        ].map(({ path, data }) => ({ op: 'create', path, data, acl: OPEN_ACL, kind: 'persistent', ttlMs: null })),
      )
      expect(made.kind).toBe('done')
      const third = await limited.create({ path: '/q/2', data: null, acl: OPEN_ACL, kind: 'persistent' })
      expect(third).toMatchObject({ kind: 'refused', code: 'QUOTA_EXCEEDED' })
      expect(await limited.get('/q/1')).toMatchObject({ kind: 'found' })
      expect(limited.sessionId).toBe(sessionId)
    } finally {
      await limited.close()
      await strict.stop()
    }
  })

  test('children of an ephemeral are refused', async () => {
    await connection.create({ path: `${base}/e`, data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    expect(
      await connection.create({ path: `${base}/e/x`, data: null, acl: OPEN_ACL, kind: 'persistent' }),
    ).toMatchObject({
      kind: 'refused',
      code: 'NO_CHILDREN_FOR_EPHEMERALS',
    })
  })
})

describe('data', () => {
  test('null and empty stay apart through create, setData and every way of reading', async () => {
    await make(`${base}/null`, null)
    await make(`${base}/empty`, new Uint8Array())
    await connection.multi([
      { op: 'create', path: `${base}/null2`, data: bytes('x'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
      { op: 'setData', path: `${base}/null2`, data: null, version: 0 },
      { op: 'create', path: `${base}/empty2`, data: bytes('x'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
      { op: 'setData', path: `${base}/empty2`, data: new Uint8Array(), version: 0 },
    ])
    const paths = ['null', 'empty', 'null2', 'empty2'].map((name) => `${base}/${name}`)
    const expected = [null, 0, null, 0]
    const lengths = (values: (Uint8Array | null | undefined)[]) => values.map((data) => (data ? data.length : data))
    expect(lengths(await Promise.all(paths.map(async (path) => (await found(path)).data)))).toEqual(expected)
    const many = await connection.readMany(paths)
    expect(lengths(many.map((reading) => (reading.kind === 'found' ? reading.znode.data : undefined)))).toEqual(
      expected,
    )
    const walked = new Map<string, Uint8Array | null>()
    for await (const batch of connection.readSubtree(base)) for (const z of batch.znodes) walked.set(z.path, z.data)
    expect(lengths(paths.map((path) => walked.get(path)))).toEqual(expected)
  })

  test('binary data comes back byte for byte', async () => {
    const data = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 131) & 255))
    await make(`${base}/binary`, data)
    expect((await found(`${base}/binary`)).data).toEqual(data)
  })

  test.each(['ünïcödé', '路径', 'a b', '...', '.x', 'a..b', '%2F', 'emoji-free ﯀', '__proto__', 'constructor'])(
    'the name %j goes there and back',
    async (name) => {
      const path = `${base}/${name}`
      await make(path, bytes(name))
      expect((await found(path)).path).toBe(path)
      const page = await connection.listChildren(base, { limit: 10 })
      expect(page.kind === 'page' && page.children.map((child) => child.name)).toEqual([name])
    },
  )

  test.each(['relative', '/a//b', '/a/', '/a/../b', '/\u0001', '/😀'])(
    'the path %j is refused before it is sent',
    async (path) => {
      await expect(async () => connection.get(path)).rejects.toMatchObject({ code: 'BAD_PATH' })
      await expect(connection.multi([{ op: 'check', path, version: 0 }])).rejects.toMatchObject({ code: 'BAD_PATH' })
    },
  )

  test('the measured size is exact: what fits is accepted, one byte more is refused as too large and costs no connection', async () => {
    const path = `${base}/big`
    const operation = (size: number): WriteOperation => ({
      op: 'create',
      path,
      data: Buffer.alloc(size, 7),
      acl: OPEN_ACL,
      kind: 'persistent',
      ttlMs: null,
    })
    const room = connection.requestBytesMax - connection.encodedSizeOf(operation(0))
    expect(connection.encodedSizeOf(operation(room))).toBe(connection.requestBytesMax)
    const { sessionId } = connection
    // Alone, an operation saves what a multi adds to it; that limit is exact, too.
    const alone = connection.aloneBytesMax - connection.encodedSizeOf(operation(0))
    expect(alone).toBeGreaterThan(room)
    expect(await connection.multi([operation(alone + 1)])).toMatchObject({ kind: 'refused', code: 'TOO_LARGE' })
    expect(await connection.multi([operation(room)])).toMatchObject({ kind: 'done' })
    expect((await found(path)).data).toHaveLength(room)
    const update = { op: 'setData', path, data: Buffer.alloc(alone, 8), version: 0 } as const
    expect(await connection.multi([update])).toMatchObject({ kind: 'done', stats: [{ version: 1 }] })
    expect((await found(path)).data).toHaveLength(alone)
    const stale = await connection.multi([{ ...update, data: Buffer.alloc(alone, 9) }])
    expect(stale).toMatchObject({ kind: 'refused', code: 'BAD_VERSION' })
    expect(connection.sessionId).toBe(sessionId)
    const [reading] = await connection.readMany([path, base])
    expect(reading).toMatchObject({ kind: 'found' })
  })
})

describe('kinds', () => {
  test('containers, TTL znodes, ephemerals and sequentials are made as what they are', async () => {
    const create = (input: Parameters<ClusterConnection['create']>[0]) => connection.create(input)
    const acl = OPEN_ACL
    await create({ path: `${base}/e`, data: null, acl, kind: 'ephemeral' })
    const container = await create({ path: `${base}/c`, data: bytes('c'), acl, kind: 'container' })
    expect(container).toMatchObject({ kind: 'done', path: `${base}/c` })
    const ttl = await create({ path: `${base}/t`, data: null, acl, kind: 'ttl', ttlMs: 3_600_000 })
    expect(ttl).toMatchObject({ kind: 'done', path: `${base}/t` })
    const sequential = await create({ path: `${base}/s-`, data: null, acl, kind: 'persistent', sequential: true })
    expect(sequential).toMatchObject({ kind: 'done', path: `${base}/s-0000000003` })
    const bare = await create({ path: `${base}/`, data: null, acl, kind: 'ephemeral', sequential: true })
    expect(bare).toMatchObject({ kind: 'done', path: `${base}/0000000004` })
    const ttlSequential = await create({
      path: `${base}/ts-`,
      data: null,
      acl,
      kind: 'ttl',
      ttlMs: 1,
      sequential: true,
    })
    expect(ttlSequential.kind).toBe('done')
    expect((await found(`${base}/e`)).kind).toBe('ephemeral')
    expect((await found(`${base}/e`)).stat.ephemeralOwner).toBe(connection.sessionId)
    expect((await found(`${base}/c`)).kind).toBe('unknown')
    expect((await found(base)).stat.cversion).toBe(6)
    expect((await found('/zookeeper')).kind).toBe('persistent')
    expect(await create({ path: `${base}/cs`, data: null, acl, kind: 'container', sequential: true })).toMatchObject({
      kind: 'refused',
      code: 'BAD_ARGUMENTS',
    })
  })

  test('containers and TTL znodes can be made in a multi', async () => {
    const outcome = await connection.multi([
      { op: 'create', path: `${base}/c`, data: null, acl: OPEN_ACL, kind: 'container', ttlMs: null },
      { op: 'create', path: `${base}/t`, data: bytes('x'), acl: OPEN_ACL, kind: 'ttl', ttlMs: 60_000 },
      { op: 'setData', path: `${base}/t`, data: bytes('y'), version: 0 },
    ])
    expect(outcome.kind).toBe('done')
    expect((await found(`${base}/t`)).data).toEqual(bytes('y'))
  })

  test('a container becomes one: it goes away when its last child does', async () => {
    const reaping = await startZooKeeper({ javaProperties: { 'znode.container.checkIntervalMs': '200' } })
    const other = await zooKeeper.connect({ connectString: reaping.connectString })
    try {
      await other.multi([{ op: 'create', path: '/c', data: null, acl: OPEN_ACL, kind: 'container', ttlMs: null }])
      await other.create({ path: '/t', data: null, acl: OPEN_ACL, kind: 'ttl', ttlMs: 1 })
      await other.create({ path: '/c/x', data: null, acl: OPEN_ACL, kind: 'persistent' })
      await other.multi([{ op: 'delete', path: '/c/x', version: 0 }])
      await expect.poll(() => other.get('/c'), { timeout: 60_000 }).toEqual({ kind: 'missing' })
      await expect.poll(() => other.get('/t'), { timeout: 60_000 }).toEqual({ kind: 'missing' })
    } finally {
      await other.close()
      await reaping.stop()
    }
  })
})

describe('ACLs', () => {
  test('an entry without any permission is read like any other', async () => {
    const acl: Acl = [
      { perms: 0, scheme: 'world', id: 'anyone' },
      { perms: 31, scheme: 'ip', id: '127.0.0.1' },
    ]
    await make(`${base}/none`, null, acl)
    expect((await found(`${base}/none`)).acl).toEqual(acl)
  })

  test('setAcl is guarded by aversion and tells the new stat', async () => {
    const acl: Acl = [{ perms: 21, scheme: 'ip', id: '127.0.0.0/8' }, ...OPEN_ACL]
    const done = await connection.setAcl(base, acl, 0)
    expect(done).toMatchObject({ kind: 'done', stat: { version: 0 } })
    expect(await connection.setAcl(base, OPEN_ACL, 0)).toMatchObject({ kind: 'refused', code: 'BAD_VERSION' })
    expect(await found(base)).toMatchObject({ acl, stat: { aversion: 1 } })
    expect(await connection.setAcl(base, [{ perms: 31, scheme: 'nonsense', id: 'x' }], -1)).toMatchObject({
      kind: 'refused',
      code: 'INVALID_ACL',
    })
  })

  test('what may not be read is said to be unreadable, and credentials open it', async () => {
    const acl: Acl = [{ perms: 31, scheme: 'digest', id: digestId('ann:secret') }]
    await make(`${base}/closed`, bytes('top'), acl)
    expect(await connection.get(`${base}/closed`)).toMatchObject({ kind: 'unreadable', reason: 'no-auth' })
    expect((await connection.readMany([`${base}/closed`, base])).map((r) => r.kind)).toEqual(['unreadable', 'found'])
    expect(await connection.listChildren(`${base}/closed`, { limit: 5 })).toMatchObject({ kind: 'unreadable' })
    expect(await connection.multi([{ op: 'setData', path: `${base}/closed`, data: null, version: -1 }])).toMatchObject({
      kind: 'refused',
      code: 'NO_AUTH',
    })
    const auth = [{ scheme: 'digest', id: 'ann:secret' }]
    const ann = await zooKeeper.connect({ connectString: server.connectString, auth })
    expect(await ann.get(`${base}/closed`)).toMatchObject({ kind: 'found', znode: { data: bytes('top'), acl } })
    await ann.close()
  })

  test('an id above U+FFFF is read back as it was given', async () => {
    const acl: Acl = [...OPEN_ACL, { perms: 1, scheme: 'digest', id: '😀:hash' }]
    await make(`${base}/smile`, null, acl)
    expect((await found(`${base}/smile`)).acl).toEqual(acl)
  })
})

describe('reading', () => {
  test('readMany answers in the order asked, with missing ones in their place', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`)
    for (let at = 0; at < names.length; at += 100) {
      await connection.multi(
        names.slice(at, at + 100).map((name) => ({
          op: 'create',
          path: `${base}/${name}`,
          data: bytes(name),
          acl: OPEN_ACL,
          kind: 'persistent',
          ttlMs: null,
        })),
      )
    }
    const asked = names.flatMap((name, i) =>
      i % 3 === 0 ? [`${base}/${name}`, `${base}/no-${name}`] : [`${base}/${name}`],
    )
    const readings = await connection.readMany(asked)
    expect(readings).toHaveLength(asked.length)
    readings.forEach((reading, i) => {
      const path = asked[i] ?? ''
      if (path.includes('/no-')) expect(reading).toEqual({ kind: 'missing' })
      else expect(reading).toMatchObject({ kind: 'found', znode: { path, data: bytes(path.slice(base.length + 1)) } })
    })
  })

  test('children come by page in path order, and a change between two pages is seen', async () => {
    const names = Array.from({ length: 2_500 }, (_, i) => `k${i}`).sort()
    for (let at = 0; at < names.length; at += 500) {
      await connection.multi(
        names.slice(at, at + 500).map((name) => ({
          op: 'create',
          path: `${base}/${name}`,
          data: null,
          acl: OPEN_ACL,
          kind: 'persistent',
          ttlMs: null,
        })),
      )
    }
    const listed: string[] = []
    let after: string | undefined
    for (;;) {
      const page = await connection.listChildren(base, { after, limit: 700 })
      if (page.kind !== 'page') throw new Error(page.kind)
      expect(page.total).toBe(2_500)
      listed.push(...page.children.map((child) => child.name))
      if (page.next === null) break
      after = page.next
    }
    expect(listed).toEqual(names)
    await connection.multi([
      { op: 'delete', path: `${base}/k1`, version: -1 },
      { op: 'create', path: `${base}/zz`, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    const changed = await connection.listChildren(base, { after: 'k999', limit: 10 })
    expect(changed).toMatchObject({ kind: 'page', total: 2_500, next: null })
    expect(changed.kind === 'page' && changed.children.map((child) => child.name)).toEqual(['zz'])
    // Deleting one and creating another at once changes neither the number of children nor the last place of the page.
    const first = await connection.listChildren(base, { limit: 1 })
    expect(first.kind === 'page' && first.children[0]?.name).toBe('k0')
    expect((await connection.listChildren(base, { after: 'k0', limit: 1 })) as { next: string }).toMatchObject({
      next: 'k10',
    })
    expect(await connection.listChildren(`${base}/none`, { limit: 1 })).toEqual({ kind: 'missing' })
  })

  test('descendants are counted, the root not among them', async () => {
    await make(`${base}/a`)
    await make(`${base}/a/b`)
    await make(`${base}/ab`)
    expect(await connection.countDescendants(base)).toBe(3)
    expect(await connection.countDescendants(`${base}/a`)).toBe(1)
    await expect(connection.countDescendants(`${base}/none`)).rejects.toMatchObject({ code: 'NO_NODE' })
  })

  test('zxids only grow, and sync gives one that is not older than the last write', async () => {
    const write = await connection.multi([{ op: 'setData', path: base, data: bytes('z'), version: -1 }])
    if (write.kind !== 'done') throw new Error(write.kind)
    expect(await connection.sync('/')).toBeGreaterThanOrEqual(write.zxid)
    expect(connection.lastZxidSeen()).toBeGreaterThanOrEqual(write.zxid)
  })
})

test('a chroot is invisible: paths, events, counts and walks are those below it', async () => {
  await make(`${base}/app`)
  const chrooted = await zooKeeper.connect({ connectString: `${server.connectString}${base}/app` })
  try {
    expect(await chrooted.create({ path: '/x', data: bytes('1'), acl: OPEN_ACL, kind: 'persistent' })).toMatchObject({
      path: '/x',
    })
    expect(
      await chrooted.create({ path: '/q-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true }),
    ).toMatchObject({
      path: '/q-0000000001',
    })
    const nameless = await chrooted.create({
      path: '/',
      data: null,
      acl: OPEN_ACL,
      kind: 'ephemeral',
      sequential: true,
    })
    expect(nameless).toMatchObject({ path: '/0000000002' })
    await chrooted.multi([{ op: 'delete', path: '/0000000002', version: -1 }])
    await chrooted.multi([
      { op: 'create', path: '/zookeeper', data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    expect(await found(`${base}/app/x`)).toMatchObject({ data: bytes('1') })
    expect(await chrooted.get('/')).toMatchObject({
      kind: 'found',
      numChildren: 3,
      znode: { path: '/', kind: 'unknown' },
    })
    expect(await chrooted.countDescendants('/')).toBe(3)
    const events: string[] = []
    const stop = await chrooted.watch({ dirs: ['/'], znodes: ['/x'] }, (event) => {
      if (event.kind !== 'connection') events.push(`${event.kind} ${event.path}`)
    })
    const walk = chrooted.walk(['/'], { watchMoves: true })
    const paths: string[] = []
    for await (const batch of walk.stream) paths.push(...batch.znodes.map((znode) => znode.path))
    expect(paths).toEqual(['/', '/q-0000000001', '/x', '/zookeeper'])
    await connection.multi([{ op: 'setData', path: `${base}/app/x`, data: bytes('2'), version: 0 }])
    await expect.poll(() => events, { timeout: 60_000 }).toContain('data /x')
    stop()
  } finally {
    await chrooted.close()
  }
})
