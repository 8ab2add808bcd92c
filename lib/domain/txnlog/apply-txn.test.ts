import { describe, expect, test } from 'vitest'
import { baseOf, logOf } from '../../testing/corpus.ts'
import {
  create,
  createRecord,
  deleteRecord,
  encodeLog,
  multiRecord,
  setDataRecord,
  type TxnSketch,
  writeAcl,
} from '../../testing/log-builder.ts'
import { buildTree, collectZnodes, streamOf, type ZnodeSketch } from '../../testing/znode-builder.ts'
import { encodeSnapshot } from '../snapshot/write-snapshot.ts'
import { patchStream } from '../znode/patch-stream.ts'
import { CONTAINER_OWNER, ownerFromTtl } from '../znode/stat.ts'
import type { Znode } from '../znode/znode.ts'
import { HistoryReader } from './read-history.ts'
import { replayLog } from './replay.ts'

const SESSION = 0x1001n
const READ_ONLY = [{ perms: 1, scheme: 'world', id: 'anyone' }]

async function replay(tree: readonly (ZnodeSketch | string)[], txns: readonly TxnSketch[], after = 100n) {
  const znodes = buildTree(tree)
  const base = await baseOf(await encodeSnapshot(streamOf(znodes)), after)
  const logs = [logOf(encodeLog(txns), `log.${(after + 1n).toString(16)}`)]
  const result = await replayLog({
    base,
    readEntries: () => new HistoryReader(logs, { after, to: null }).readEntries(),
  })
  const found = await collectZnodes(patchStream(streamOf(znodes), result.patch))
  const paths = new Map<string, Znode>(found.map((znode) => [znode.path, znode]))
  const text = (path: string) => Buffer.from(paths.get(path)?.data ?? []).toString()
  return { result, paths, stat: (path: string) => paths.get(path)?.stat, text }
}

describe('create', () => {
  test('adds the znode with the time and zxid of the entry, and counts it in its parent', async () => {
    const { stat, paths } = await replay(
      ['/p'],
      [create(101n, { path: '/p/a', data: null, parentCversion: 8 }, { timeMs: 5 })],
    )
    expect(stat('/p/a')).toMatchObject({ czxid: 101n, mzxid: 101n, pzxid: 101n, ctime: 5, mtime: 5, version: 0 })
    expect(paths.get('/p/a')?.data).toBeNull()
    expect(stat('/p')).toMatchObject({ cversion: 8, pzxid: 101n, czxid: 1n })
  })

  test('of 3.3 says no cversion: it is one more', async () => {
    const { stat } = await replay(
      [{ path: '/p', stat: { cversion: 3 } }],
      [create(101n, { path: '/p/a', parentCversion: null })],
    )
    expect(stat('/p')).toMatchObject({ cversion: 4, pzxid: 101n })
  })

  test('container, TTL and ephemeral znodes have their owners', async () => {
    const ttl = (writer: Parameters<typeof writeAcl>[0]) => {
      writer.string('/t')
      writer.buffer(null)
      writeAcl(writer, READ_ONLY)
      writer.int32(2)
      writer.int64(60_000n)
    }
    const container = (writer: Parameters<typeof writeAcl>[0]) => {
      writer.string('/c')
      writer.buffer(null)
      writeAcl(writer, READ_ONLY)
      writer.int32(1)
    }
    const { paths } = await replay(
      [],
      [
        { type: 19, zxid: 101n, record: container },
        { type: 21, zxid: 102n, record: ttl },
        create(103n, { path: '/e', ephemeral: true, parentCversion: 3 }),
      ],
    )
    expect(paths.get('/c')).toMatchObject({ kind: 'container', stat: { ephemeralOwner: CONTAINER_OWNER } })
    expect(paths.get('/t')).toMatchObject({
      kind: 'ttl',
      ttlMs: 60_000,
      stat: { ephemeralOwner: ownerFromTtl(60_000) },
    })
    expect(paths.get('/e')).toMatchObject({
      kind: 'ephemeral',
      stat: { ephemeralOwner: SESSION },
      acl: [{ perms: 31 }],
    })
  })

  test('of what is there sets its ACL only; type 1 counts it in the parent, type 15 does not', async () => {
    for (const [type, cversion] of [
      [1, 9],
      [15, 0],
    ] as const) {
      const record = createRecord({ path: '/p/a', data: 'new', acl: READ_ONLY, parentCversion: 9 })
      const { paths, text, stat, result } = await replay(
        [{ path: '/p/a', data: 'old' }],
        [{ type, zxid: 101n, record }],
      )
      expect([text('/p/a'), stat('/p')?.cversion]).toEqual(['old', cversion])
      expect(paths.get('/p/a')).toMatchObject({ acl: READ_ONLY, stat: { czxid: 1n } })
      expect(result.conflicts).toMatchObject({ outside: { exists: 1, missing: 0 }, firstOutside: 101n })
    }
  })

  test('below what is missing does nothing, and is damage outside a fuzzy window', async () => {
    const { paths, result } = await replay([], [create(101n, { path: '/gone/a' })])
    expect(paths.has('/gone/a')).toBe(false)
    expect(result.conflicts).toMatchObject({ outside: { missing: 1 }, firstOutside: 101n })
  })
})

describe('delete, setData, setACL', () => {
  test("the parent's pzxid rises, its cversion stays, even where the child is gone already", async () => {
    const { stat, paths, result } = await replay(
      [{ path: '/p/a' }, { path: '/p', stat: { cversion: 4 } }],
      [
        { type: 2, zxid: 101n, record: deleteRecord('/p/a') },
        { type: 2, zxid: 102n, record: deleteRecord('/p/a') },
      ],
    )
    expect(paths.has('/p/a')).toBe(false)
    expect(stat('/p')).toMatchObject({ cversion: 4, pzxid: 102n })
    expect(result.conflicts.outside).toEqual({ exists: 0, missing: 1 })
  })

  test('versions are absolute; an ACL changes neither time nor zxid', async () => {
    const setAcl = (writer: Parameters<typeof writeAcl>[0]) => {
      writer.string('/a')
      writeAcl(writer, READ_ONLY)
      writer.int32(7)
    }
    const { paths } = await replay(
      [{ path: '/a', data: 'x' }],
      [
        { type: 5, zxid: 101n, record: setDataRecord('/a', '', 41), timeMs: 9 },
        { type: 7, zxid: 102n, record: setAcl, timeMs: 10 },
      ],
    )
    expect(paths.get('/a')).toMatchObject({
      data: Buffer.alloc(0),
      acl: READ_ONLY,
      stat: { version: 41, aversion: 7, mzxid: 101n, mtime: 9, czxid: 1n },
    })
  })

  test('a znode that was deleted and made again is the new one, its old subtree gone', async () => {
    const { paths, stat, text } = await replay(
      [{ path: '/p/a/b', data: 'old' }],
      [
        { type: 2, zxid: 101n, record: deleteRecord('/p/a/b') },
        { type: 2, zxid: 102n, record: deleteRecord('/p/a') },
        create(103n, { path: '/p/a', data: 'new', parentCversion: 2 }),
      ],
    )
    expect([...paths.keys()]).toEqual(['/', '/p', '/p/a'])
    expect([text('/p/a'), stat('/p/a')?.czxid]).toEqual(['new', 103n])
  })
})

describe('multi', () => {
  const error = (code: number) => ({ type: -1, record: (writer: Parameters<typeof writeAcl>[0]) => writer.int32(code) })

  test('all of it with one zxid, or nothing where one part failed', async () => {
    const parts = [
      { type: 1, record: createRecord({ path: '/m', parentCversion: 1 }) },
      { type: 5, record: setDataRecord('/a', 'set', 1) },
      { type: 13, record: setDataRecord('/a', null, 1) },
    ].map((part) => (part.type === 13 ? { ...part, record: checkRecord('/a', 1) } : part))
    const good = await replay(['/a'], [{ type: 14, zxid: 101n, record: multiRecord(parts) }])
    expect([good.stat('/m')?.czxid, good.stat('/a')?.mzxid, good.text('/a')]).toEqual([101n, 101n, 'set'])
    const failing = [parts[0]!, error(-101), error(-2)]
    const failed = await replay(['/a'], [{ type: 14, zxid: 101n, record: multiRecord(failing) }])
    expect([...failed.paths.keys()]).toEqual(['/', '/a'])
    expect(failed.result).toMatchObject({ applied: 1, zxid: 101n, patch: [] })
  })
})

const checkRecord = (path: string, version: number) => (writer: Parameters<typeof writeAcl>[0]) => {
  writer.string(path)
  writer.int32(version)
}

describe('closeSession', () => {
  const owned = (path: string, ephemeralOwner: bigint): ZnodeSketch => ({
    path,
    kind: 'ephemeral',
    stat: { ephemeralOwner },
  })

  test('without a list takes all that the session owns, wherever it lies, and moves their parents', async () => {
    const { paths, stat, result } = await replay(
      [owned('/x/1', SESSION), owned('/y/deep/2', SESSION), owned('/x/other', 0x2002n)],
      [create(101n, { path: '/z', ephemeral: true, parentCversion: 4 }), { type: -11, zxid: 102n }],
    )
    expect([...paths.keys()]).toEqual(['/', '/x', '/x/other', '/y', '/y/deep'])
    expect([stat('/x')?.pzxid, stat('/y/deep')?.pzxid, stat('/')?.pzxid]).toEqual([102n, 102n, 102n])
    expect([...result.sessions.keys()]).toEqual([0x2002n])
    expect(result.conflicts.outside).toEqual({ exists: 0, missing: 0 })
  })

  test('a session that is opened again lives', async () => {
    const open = (zxid: bigint): TxnSketch => ({ type: -10, zxid, record: Buffer.from([0, 0, 0x75, 0x30]) })
    const { result } = await replay([], [open(101n), { type: -11, zxid: 102n }, open(103n)])
    expect([...result.sessions]).toEqual([[SESSION, 30_000]])
  })
})

describe('quotas', () => {
  const quota = '/zookeeper/quota/q'
  const stats = `${quota}/zookeeper_stats`

  test('stats are counted when they are made, and go on with what happens at and below the path', async () => {
    const { text, stat } = await replay(
      ['/zookeeper/quota', { path: '/q', data: '12345' }, { path: '/q/a', data: 'abc' }, '/qq/not', '/r'],
      [
        create(101n, { path: quota }),
        create(102n, { path: `${quota}/zookeeper_limits`, data: 'count=5,bytes=-1' }),
        create(103n, { path: stats, data: 'count=0,bytes=0' }),
        create(104n, { path: '/q/b', data: '12' }),
        { type: 5, zxid: 105n, record: setDataRecord('/q/a', '1', 1) },
        { type: 2, zxid: 106n, record: deleteRecord('/q/b') },
        create(107n, { path: '/q/c', data: null }),
        create(108n, { path: '/qq/x', data: 'not' }),
      ],
    )
    expect(text(stats)).toBe('count=3,bytes=6')
    expect(stat(stats)).toMatchObject({ version: 0, mzxid: 103n })
  })

  test('those of a snapshot are counted anew when it is loaded; the longest path wins; none on the root counts', async () => {
    const inner = '/zookeeper/quota/q/in'
    const { text } = await replay(
      [
        { path: '/q/in/a', data: 'abc' },
        { path: '/zookeeper/quota/zookeeper_limits', data: 'count=1,bytes=1' },
        { path: '/zookeeper/quota/zookeeper_stats', data: 'count=1,bytes=1' },
        { path: `${quota}/zookeeper_limits`, data: 'count=9,bytes=9' },
        { path: stats, data: 'count=77,bytes=77' },
        { path: `${inner}/zookeeper_limits`, data: 'count=9,bytes=9' },
        { path: `${inner}/zookeeper_stats`, data: 'count=0,bytes=0' },
      ],
      [create(101n, { path: '/q/in/b', data: 'xy' }), create(102n, { path: '/q/c', data: 'z' })],
    )
    expect(text(stats)).toBe('count=4,bytes=4')
    expect(text(`${inner}/zookeeper_stats`)).toBe('count=3,bytes=5')
    expect(text('/zookeeper/quota/zookeeper_stats')).toMatch(/^count=14,/)
  })

  test('hard limits in the stats stay, and a quota that is taken away counts no more', async () => {
    const { text } = await replay(
      ['/q', '/zookeeper/quota/q'],
      [
        create(101n, { path: `${quota}/zookeeper_limits`, data: 'count=5,bytes=-1' }),
        create(102n, { path: stats, data: 'count=0,bytes=0' }),
        { type: 5, zxid: 103n, record: setDataRecord(stats, 'count=1,bytes=0=;byteHardLimit=7;countHardLimit=9', 1) },
        create(104n, { path: '/q/a', data: 'abc' }),
        { type: 2, zxid: 105n, record: deleteRecord(`${quota}/zookeeper_limits`) },
        create(106n, { path: '/q/b', data: 'abc' }),
      ],
    )
    expect(text(stats)).toBe('count=2,bytes=3=;byteHardLimit=7;countHardLimit=9')
  })
})

test('the digest is kept in both charsets: a server under an ASCII locale is believed as well', async () => {
  const bytes = await encodeSnapshot(streamOf(buildTree(['/ü', '/a'])))
  const txns = (digests: readonly bigint[]) => [
    create(101n, { path: '/ü/naïve', data: 'x' }, { digest: digests[0] }),
    { type: 5, zxid: 102n, record: setDataRecord('/ü', 'y', 1), digest: digests[1] },
  ]
  const run = async (digests: readonly bigint[]) =>
    replayLog({
      base: await baseOf(bytes, 100n),
      digestsAt: new Set([101n, 102n]),
      readEntries: () =>
        new HistoryReader([logOf(encodeLog(txns(digests)), 'log.65')], { after: 100n, to: null }).readEntries(),
    })
  const wrong = await run([1n, 2n])
  expect(wrong).toMatchObject({ compared: 2, mismatches: 2, firstMismatch: 101n })
  const utf8 = [wrong.digests.get(101n)!, wrong.digests.get(102n)!]
  expect(await run(utf8)).toMatchObject({ mismatches: 0, digest: { match: true, computed: utf8[1] } })
  // The same tree with each unit outside ASCII as a question mark, which is what such a server hashes.
  const asAscii = await replayLog({
    base: await baseOf(await encodeSnapshot(streamOf(buildTree(['/?', '/a']))), 100n),
    digestsAt: new Set([101n, 102n]),
    readEntries: () =>
      new HistoryReader(
        [
          logOf(
            encodeLog([
              create(101n, { path: '/?/na?ve', data: 'x' }),
              { type: 5, zxid: 102n, record: setDataRecord('/?', 'y', 1) },
            ]),
            'log.65',
          ),
        ],
        { after: 100n, to: null },
      ).readEntries(),
  })
  const ascii = [asAscii.digests.get(101n)!, asAscii.digests.get(102n)!]
  expect(ascii).not.toEqual(utf8)
  expect(await run(ascii)).toMatchObject({ mismatches: 0, digest: { match: true, computed: ascii[1] } })
})
