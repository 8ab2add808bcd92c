import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../base/bytes.ts'
import { RecordBatch } from '../../../domain/snapshot/record-batch.ts'
import { encodeSnapshotHead, SnapshotBody } from '../../../domain/snapshot/write-snapshot.ts'
import { type Acl, OPEN_ACL } from '../../../domain/znode/acl.ts'
import { patchStream, sortPatch, streamOf } from '../../../domain/znode/patch-stream.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { SeededRandom } from '../../../testing/seeded-random.ts'
import { buildTree, buildZnode, collectZnodes, randomTree } from '../../../testing/znode-builder.ts'
import { TempStore } from '../archive-builder.ts'
import { TreeIntake } from './tree-intake.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-intake-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const EVENTS = { pause: () => undefined, resume: () => undefined, fail: () => undefined }
const HEADER_BYTES = 16
const ACLS: readonly Acl[] = [
  OPEN_ACL,
  [{ perms: 1, scheme: 'digest', id: 'ops:x' }],
  [
    { perms: 31, scheme: 'digest', id: 'ops:aGFzaA==' },
    { perms: 1, scheme: 'world', id: 'anyone' },
  ],
]

/** As a leader sends it: each parent before its children, siblings in any order, ids of ACLs as they come. */
function asSent(random: SeededRandom, tree: readonly Znode[], sessions = new Map([[0x1001n, 4000]])) {
  const children = new Map<string, Znode[]>()
  const [root, ...others] = tree
  for (const znode of others) {
    const parent = znode.path.slice(0, Math.max(1, znode.path.lastIndexOf('/')))
    children.set(parent, [...(children.get(parent) ?? []), znode])
  }
  const acls = [...new Set(tree.map((znode) => znode.acl))].map((acl, i): [bigint, Acl] => [BigInt(i * 3 + 7), acl])
  const idOf = new Map(acls.map(([id, acl]) => [acl, id]))
  const body = new ByteWriter()
  const send = (znode: Znode) => {
    body.string(znode.path === '/' ? '' : znode.path)
    body.buffer(znode.data)
    body.int64(idOf.get(znode.acl)!)
    const { stat } = znode
    for (const value of [stat.czxid, stat.mzxid, BigInt(stat.ctime), BigInt(stat.mtime)]) body.int64(value)
    for (const value of [stat.version, stat.cversion, stat.aversion]) body.int32(value)
    body.int64(stat.ephemeralOwner)
    body.int64(stat.pzxid)
    const below = children.get(znode.path) ?? []
    while (below.length > 0) send(below.splice(random.below(below.length), 1)[0]!)
  }
  send(root!)
  body.string('/')
  const head = encodeSnapshotHead({ sessions, owners: [], acls })
  return Buffer.concat([head.subarray(HEADER_BYTES), body.bytes()])
}

/** In pieces of any length. */
async function take(random: SeededRandom, sent: Buffer, options: { runBytes?: number; pieceMax?: number } = {}) {
  const intake = new TreeIntake(join(dir, `runs-${random.next()}`), EVENTS, { runBytes: options.runBytes })
  for (let at = 0; at < sent.length; ) {
    const piece = 1 + random.below(options.pieceMax ?? 5000)
    intake.add(sent.subarray(at, at + piece))
    at += piece
  }
  try {
    await intake.finish()
  } catch (error) {
    await intake.discard()
    throw error
  }
  return intake
}

const plainly = (znodes: readonly Znode[]) =>
  znodes.map(({ stat, data, ...rest }) => ({
    ...rest,
    data: data && Buffer.from(data).toString('hex'),
    stat: JSON.stringify(stat, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  }))

const moment = (intake: TreeIntake, digest?: bigint) =>
  intake.streamMoment({
    base: { name: 'sent', path: '', zxid: 5n, windowEnd: 5n, ...(digest && { digest }) },
    logs: [],
    to: 5n,
  })

function digestOf(tree: readonly Znode[]): bigint {
  const body = new SnapshotBody({ blockBytes: 1 << 22 })
  for (const znode of tree) body.add(znode)
  body.end()
  return body.finish(1).digest
}

describe("a tree that came in a leader's order", () => {
  test.each([1, 2, 3, 4, 5, 6])('is given in path order, whatever its runs and pieces are (seed %i)', async (seed) => {
    const random = new SeededRandom(seed)
    const tree = randomTree(random, { size: 400, ephemerals: seed % 2 === 0, acls: ACLS })
    const runBytes = [200, 1000, 5000, 1 << 20][seed % 4]
    const intake = await take(random, asSent(random, tree), { runBytes, pieceMax: seed === 3 ? 7 : 3000 })
    const stream = await moment(intake)
    expect(plainly(await collectZnodes(stream!.readAll()))).toEqual(plainly(tree))
    expect(intake.digest.value()).toBe(digestOf(tree))
    expect(stream!.sessions).toEqual(new Map([[0x1001n, 4000]]))
    await intake.discard()
    expect(await readdir(dir)).toEqual([])
  })

  test('makes the same archive as its znodes do, byte for byte', async () => {
    const store = await TempStore.create()
    const random = new SeededRandom(21)
    const masked: Acl = [{ perms: 31, scheme: 'digest', id: 'ops:x' }]
    const tree = buildTree([
      ...randomTree(random, { size: 500, ephemerals: true, acls: ACLS }).map(({ ttlMs, ...znode }) => ({
        ...znode,
        ...(ttlMs === null ? {} : { ttlMs }),
      })),
      ...Array.from({ length: 3000 }, (_, i) => ({
        path: `/many/group-${i % 40}/n-${String(i).padStart(10, '0')}`,
        data: random.bytes(900),
        acl: i % 100 === 0 ? masked : OPEN_ACL,
        stat: { cversion: i % 9 === 0 ? 3 : 0 },
      })),
      { path: '/many', stat: { cversion: 77 } },
      { path: '/large', data: random.bytes(3 << 20) },
    ])
    const intake = await take(random, asSent(random, tree), { runBytes: 100_000, pieceMax: 70_000 })
    const stream = await moment(intake)
    const [received, plain] = [
      await store.write(stream!.readAll(), { sessions: stream!.sessions }),
      await store.write(streamOf(tree), { sessions: stream!.sessions }),
    ]
    const { id: _1, ...first } = received.manifest
    const { id: _2, ...second } = plain.manifest
    expect(first).toEqual(second)
    expect(first.fidelity).toMatchObject({
      ephemeral: expect.any(Number),
      maskedAcl: expect.arrayContaining(['/many/group-0/n-0000000000']),
    })
    await intake.discard()
    await store.remove()
  })

  test('is patched like any other: batches that nothing touches pass unopened', async () => {
    const random = new SeededRandom(5)
    const tree = buildTree(
      Array.from({ length: 2000 }, (_, i) => ({ path: `/a${i % 50}/b${i}`, data: random.bytes(700) })),
    )
    const intake = await take(random, asSent(random, tree), { runBytes: 300_000 })
    const stream = await moment(intake)
    const patch = sortPatch([
      { path: '/a10', znode: null },
      { path: '/a10x', znode: buildZnode('/a10x') },
      { path: '/a10x/y', znode: buildZnode('/a10x/y') },
      { path: '/nowhere/y', znode: buildZnode('/nowhere/y') },
      { path: '/zz', znode: buildZnode('/zz') },
    ])
    let unopened = 0
    const found: Znode[] = []
    for await (const batch of patchStream(stream!.readAll(), patch)) {
      if (batch instanceof RecordBatch && batch.isUnseen) unopened++
      found.push(...batch.znodes)
    }
    expect(unopened).toBeGreaterThan(2)
    expect(plainly(found)).toEqual(plainly(await collectZnodes(patchStream(streamOf(tree), patch))))
    await intake.discard()
  })
})

describe('refused', () => {
  const random = new SeededRandom(9)
  const sent = asSent(random, buildTree(['/a', '/b/c']))

  test('a tree that is cut short', async () => {
    for (const bytes of [0, 3, 40, sent.length - 5, sent.length - 1]) {
      await expect(take(random, sent.subarray(0, bytes))).rejects.toMatchObject({ code: 'TRUNCATED' })
    }
  })

  test('a scratch file that has lost a bit since', async () => {
    const intake = await take(random, sent)
    const handle = await open(intake.path, 'r+')
    await handle.write(Buffer.from([0xff]), 0, 1, 30)
    await handle.close()
    const stream = await moment(intake)
    await expect(collectZnodes(stream!.readAll())).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
    await intake.discard()
  })

  test('znodes that come twice or without their parents, by whoever writes them', async () => {
    const store = await TempStore.create()
    const root = buildZnode('/')
    for (const [code, tree] of [
      ['DUPLICATE_PATH', [root, buildZnode('/a'), buildZnode('/a')]],
      ['MISSING_PARENT', [root, buildZnode('/a'), buildZnode('/b/c')]],
    ] as const) {
      // Records of one length, whose paths are put in by hand.
      const bytes = Buffer.concat([
        asSent(random, [root]).subarray(0, -5),
        ...tree.slice(1).map(({ path }) => {
          const plain = asSent(random, [root])
          const record = plain.subarray(plain.length - 5 - 80, plain.length - 5)
          const name = Buffer.from(path)
          const length = Buffer.alloc(4)
          length.writeInt32BE(name.length)
          return Buffer.concat([length, name, record.subarray(record.indexOf(Buffer.from('ffffffff', 'hex')))])
        }),
        Buffer.from([0, 0, 0, 1, 0x2f]),
      ])
      const intake = await take(random, bytes)
      const stream = await moment(intake)
      await expect(store.write(stream!.readAll())).rejects.toMatchObject({ code })
      await intake.discard()
    }
    await store.remove()
  })
})

test('a disk that is slower than what comes is waited for', async () => {
  const random = new SeededRandom(2)
  const told: string[] = []
  const sent = asSent(
    random,
    buildTree(Array.from({ length: 400 }, (_, i) => ({ path: `/n${i}`, data: random.bytes(500) }))),
  )
  const events = { pause: () => told.push('pause'), resume: () => told.push('resume'), fail: () => told.push('fail') }
  const intake = new TreeIntake(join(dir, 'runs'), events, { runBytes: 20_000 })
  intake.add(sent)
  expect(told).toEqual(['pause'])
  await intake.finish()
  expect(told).toEqual(['pause', 'resume'])
  await intake.discard()
})

test('a disk that takes nothing is told at once and thrown in the end', async () => {
  const told: unknown[] = []
  const intake = new TreeIntake(join(dir, 'no', 'such', 'runs'), { ...EVENTS, fail: (error) => told.push(error) })
  intake.add(asSent(new SeededRandom(1), buildTree(['/a'])))
  await expect(intake.finish()).rejects.toMatchObject({ code: 'ENOENT' })
  expect(told).toHaveLength(1)
  await intake.discard()
})
