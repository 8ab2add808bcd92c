import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, buildZnode, collectZnodes, randomTree, streamOf } from '../../testing/znode-builder.ts'
import type { Znode } from '../znode/znode.ts'
import { SnapshotReader } from './read-snapshot.ts'
import { copyStat, LATER_ACL } from './record.ts'
import { withSystemZnodes } from './system-znodes.ts'
import { encodeSnapshot } from './write-snapshot.ts'

async function* once(bytes: Buffer) {
  yield bytes
}

async function read(bytes: Buffer) {
  const reader = new SnapshotReader(once(bytes), { order: 'path', digest: true })
  const head = await reader.readHead()
  const znodes = (await collectZnodes(reader.readZnodes())).map(plain)
  return { head, znodes, tail: await reader.readTail() }
}

/** Comparable by value: data as hex, stat as a plain object. */
function plain(znode: Znode) {
  return { ...znode, data: znode.data && Buffer.from(znode.data).toString('hex'), stat: copyStat(znode.stat) }
}

const encode = (znodes: readonly Znode[], options?: Parameters<typeof encodeSnapshot>[1]) =>
  encodeSnapshot(streamOf(znodes), options)

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'none',
    (error) => error.code,
  )
}

test('an ACL that nobody knows is refused, behind one that is known to be empty as well', async () => {
  const withAcl = (path: string, acl: Znode['acl']) => ({ ...buildZnode(path), acl })
  expect(await codeOf(encode([withAcl('/', []), withAcl('/a', LATER_ACL)]))).toBe('UNKNOWN_ACL')
  expect(await codeOf(encode([withAcl('/', LATER_ACL)]))).toBe('UNKNOWN_ACL')
})

test('what is written is what is read, for random trees of all kinds and any block size', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const tree = randomTree(random, { size: 200, ephemerals: true })
    const { znodes } = await read(await encode(tree, { blockBytes: 64 + random.below(5000) }))
    expect(znodes, `seed ${seed}`).toEqual(tree.map(plain))
  }
})

test('null and empty data, unicode, extreme numbers and long values survive', async () => {
  const tree = buildTree([
    { path: '/empty', data: '' },
    { path: '/null', data: null },
    { path: '/long', data: Buffer.alloc(3 << 20, 0xab) },
    { path: '/ünïcode/漢字 with spaces', data: 'naïve – ☃' },
    {
      path: '/numbers',
      stat: {
        czxid: 0x7fff_ffff_ffff_ffffn,
        mzxid: -1n,
        pzxid: -0x8000_0000_0000_0000n,
        ctime: 2 ** 52 + 1,
        mtime: -12_345,
        version: -1,
        cversion: -2_147_483_648,
        aversion: 2_147_483_647,
      },
    },
    { path: '/session', kind: 'ephemeral', stat: { ephemeralOwner: -0x00ab_cdef_0123_4567n } },
  ])
  const { znodes } = await read(await encode(tree))
  expect(znodes).toEqual(tree.map(plain))
})

test('ACL lists keep their order, share one entry of the table, and may be empty', async () => {
  const a = [
    { perms: 31, scheme: 'digest', id: 'u:hash=' },
    { perms: 1, scheme: 'world', id: 'anyone' },
  ]
  const tree = buildTree([
    { path: '/a', acl: a },
    { path: '/b', acl: [...a] },
    { path: '/c', acl: [...a].reverse() },
    { path: '/d', acl: [] },
    { path: '/e', acl: [{ perms: 63, scheme: 'sasl', id: 'smile 😀' }] },
  ])
  const { head, znodes } = await read(await encode(tree))
  expect(znodes.map((znode) => znode.acl)).toEqual(tree.map((znode) => znode.acl))
  expect(head.acls.size).toBe(5)
})

test('every owner of an ephemeral has a session; told timeouts are kept, others get 30 s', async () => {
  const tree = buildTree([
    { path: '/a', kind: 'ephemeral', stat: { ephemeralOwner: 0x11n } },
    { path: '/b', kind: 'ephemeral', stat: { ephemeralOwner: 0x22n } },
    { path: '/c', kind: 'ephemeral', stat: { ephemeralOwner: 0x11n } },
    { path: '/d', kind: 'container' },
    { path: '/e', kind: 'ttl', ttlMs: 1_099_511_627_775 },
  ])
  const { head } = await read(await encode(tree, { sessions: new Map([[0x22n, 4000]]) }))
  expect(new Map(head.sessions)).toEqual(
    new Map([
      [0x22n, 4000],
      [0x11n, 30_000],
    ]),
  )
})

test('the file ends with its one seal: no block of a later version follows', async () => {
  const bytes = await encode(buildTree(['/a']))
  const { tail } = await read(bytes)
  expect(tail).toMatchObject({ digest: null, lastZxid: null, bytes: bytes.length })
  expect(bytes.subarray(-5).toString('hex')).toBe('000000012f')
})

describe('streams that are no tree are refused', () => {
  test.each<[string, Znode[]]>([
    ['OUT_OF_ORDER', [buildZnode('/'), buildZnode('/b'), buildZnode('/a')]],
    ['DUPLICATE_PATH', [buildZnode('/'), buildZnode('/b'), buildZnode('/b')]],
    ['MISSING_PARENT', [buildZnode('/'), buildZnode('/b/c')]],
    ['MISSING_PARENT', [buildZnode('/a')]],
    ['MISSING_PARENT', []],
    ['BAD_PATH', [buildZnode('/'), buildZnode('b')]],
    ['BAD_PATH', [buildZnode('/'), buildZnode('/b/')]],
    ['BAD_ZNODE', [buildZnode('/'), buildZnode({ path: '/e', kind: 'ephemeral', stat: { ephemeralOwner: 0n } })]],
  ])('%s', async (code, znodes) => expect(await codeOf(encode(znodes))).toBe(code))
})

describe('built-in znodes', () => {
  const paths = async (znodes: readonly Znode[], batchSize: number) =>
    (await collectZnodes(withSystemZnodes(streamOf(znodes, { batchSize })))).map((znode) => znode.path)

  test.each([1, 2, 100])('are put in their places when they lack, in batches of %i', async (batchSize) => {
    const all = ['/', '/a', '/zookeeper', '/zookeeper/config', '/zookeeper/quota', '/zoom']
    expect(await paths(buildTree(['/a', '/zoom']), batchSize)).toEqual(all)
    expect(await paths(buildTree(['/a', '/zookeeper/config', '/zoom']), batchSize)).toEqual(all)
    expect(await paths(buildTree(['/a', '/zookeeper/quota', '/zoom']), batchSize)).toEqual(all)
    expect(await paths(buildTree(['/a']), batchSize)).toEqual(all.slice(0, -1))
  })

  test('that the stream has are passed on as they are', async () => {
    const tree = buildTree([{ path: '/zookeeper/config', data: 'server.1=a:1:2' }, '/zookeeper/quota/a'])
    const written = await collectZnodes(withSystemZnodes(streamOf(tree)))
    expect(written.map((znode) => znode.path)).toEqual(tree.map((znode) => znode.path))
    expect(written.find((znode) => znode.path === '/zookeeper/config')?.data).toEqual(Buffer.from('server.1=a:1:2'))
  })

  test('of a fresh server: config is read-only with aversion -1', async () => {
    const { znodes } = await read(await encodeSnapshot(withSystemZnodes(streamOf(buildTree([])))))
    expect(znodes.find((znode) => znode.path === '/zookeeper/config')).toMatchObject({
      data: '',
      acl: [{ perms: 1, scheme: 'world', id: 'anyone' }],
      stat: { aversion: -1, version: 0, czxid: 0n },
    })
  })
})
