import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatHex64 } from '../../base/hex64.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { encodeSnapshot } from '../../domain/snapshot/write-snapshot.ts'
import { findCorpusSet, parseExpected, toExpectedNodes } from '../../testing/corpus.ts'
import { create, encodeLog } from '../../testing/log-builder.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import { getDataDir, withListing } from './data-dir.ts'
import { inspectPath } from './inspect-path.ts'
import { openDataDir, openListed } from './open-data-dir.ts'
import type { OpenDataDirOptions } from './store.ts'
import { verifyPath } from './verify-path.ts'
import { writeNative } from './write-native.ts'

let store: TempStore
let dir = ''
beforeEach(async () => {
  store = await TempStore.create()
  dir = join(store.dir, 'data', 'version-2')
  await mkdir(dir, { recursive: true })
})
afterEach(() => store.remove())

/** A copy of what a real server left. */
async function copySet(name: string, options: { without?: readonly string[] } = {}) {
  const set = findCorpusSet(name)
  for (const { file } of [...set.snapshots, ...set.logs]) {
    if (!options.without?.includes(basename(file))) await cp(file, join(dir, basename(file)))
  }
  return set
}

async function open(options: OpenDataDirOptions = {}, path = dir) {
  const tree = await openDataDir(path, options)
  try {
    return { proof: tree.proof, znodes: await collectZnodes(tree.readSubtree('/', { includeSystem: true })) }
  } finally {
    await tree.close()
  }
}

const expectedOf = async (file: string) => parseExpected(await readFile(file, 'utf8'))
const flip = async (name: string, at: number) => {
  const bytes = await readFile(join(dir, name))
  bytes[at]! ^= 1
  await writeFile(join(dir, name), bytes)
}
const withoutConfigTime = (nodes: readonly unknown[]) =>
  nodes.map((node) => {
    const { stat, ...rest } = node as { path: string; stat: object }
    return rest.path === '/zookeeper/config' ? rest : { ...rest, stat }
  })

describe('a data directory', () => {
  test.each(['3.8.0', '3.9.6', '3.9.6-ensemble'])(
    'of %s is every state that a client read from its server',
    async (name) => {
      const set = await copySet(name)
      for (const file of set.expected) {
        const expected = await expectedOf(file)
        const { proof, znodes } = await open({ to: expected.zxid })
        expect(withoutConfigTime(toExpectedNodes(znodes))).toEqual(withoutConfigTime(expected.nodes))
        expect(proof).toMatchObject({ zxid: expected.zxid, exact: true, problems: [], gaps: [], torn: [] })
        if (proof.digest) expect(proof.digest).toMatchObject({ match: true, computed: expected.digest })
      }
      const last = set.expected.find((file) => basename(file) === 'expected.json')!
      expect((await open()).proof.zxid).toBe((await expectedOf(last)).zxid)
    },
  )

  test('is read as of its last transaction, from version-2 or its parent, with logs beside or elsewhere', async () => {
    await copySet('3.9.6')
    const { proof, znodes } = await open()
    expect(proof).toMatchObject({
      zxid: 0x180n,
      snapshot: { name: 'snapshot.153' },
      applied: 0x180 - 0x153,
      exact: true,
    })
    expect((await open({}, join(store.dir, 'data'))).znodes.length).toBe(znodes.length)
    const logDir = join(store.dir, 'logs', 'version-2')
    await mkdir(logDir, { recursive: true })
    for (const name of (await readdir(dir)).filter((file) => file.startsWith('log.'))) {
      await cp(join(dir, name), join(logDir, name))
      await rm(join(dir, name))
    }
    expect((await open({ logDir: join(store.dir, 'logs') })).proof).toEqual(proof)
    expect((await open()).proof).toMatchObject({ zxid: 0x153n, applied: 0 })
  })

  test('is a tree like any other: through the port, with pages of children', async () => {
    await copySet('3.9.6')
    const reader = await store.archives.openPath(join(store.dir, 'data'))
    const expected = await expectedOf(
      findCorpusSet('3.9.6').expected.find((file) => basename(file) === 'expected.json')!,
    )
    for (const node of expected.nodes as { path: string; stat: { numChildren: bigint } }[]) {
      const found = await reader.get(node.path)
      expect(found.kind === 'found' && found.numChildren, node.path).toBe(Number(node.stat.numChildren))
    }
    const page = await reader.listChildren('/', { limit: 3 })
    expect(page).toMatchObject({ kind: 'page', children: { length: 3 } })
    await reader.close()
  })

  test('a zxid between two transactions is the state after the earlier', async () => {
    await copySet('3.9.6-ensemble')
    // Epoch 1 ends somewhere below; nothing was ever at 0x1ffffffff.
    const { proof } = await open({ to: 0x1ffffffffn })
    expect(formatHex64(proof.zxid)).toMatch(/^0x1000000[0-9a-f]{2}$/)
    expect(proof).toMatchObject({ exact: true, problems: [] })
  })

  test('is never written to, and leaves no temporary files', async () => {
    await copySet('3.9.6')
    const before = await readdir(dir)
    const temps = async () => (await readdir(tmpdir())).filter((name) => /^arkeeper-[A-Za-z0-9]{6}$/.test(name)).length
    const tree = await openDataDir(dir)
    const during = await temps()
    await tree.close()
    expect(await temps()).toBeLessThanOrEqual(during)
    expect(await readdir(dir)).toEqual(before)
  })
})

describe('what is missing or damaged', () => {
  test('a log that is missing in the middle is a gap: the tree is the last before it, or nothing for a zxid behind', async () => {
    await copySet('3.9.6', { without: ['log.c1', 'snapshot.100', 'snapshot.153', 'snapshot.bf'] })
    const { proof } = await open()
    expect(proof).toMatchObject({
      zxid: 0xc0n,
      exact: true,
      gaps: [{ after: 0xc0n, before: 0x101n }],
      problems: [{ code: 'LOG_GAP' }],
    })
    expect((await open({ to: 0xa0n })).proof).toMatchObject({ zxid: 0xa0n, problems: [] })
    for (const to of [0xd0n, 0x140n]) {
      await expect(open({ to })).rejects.toMatchObject({ code: 'LOG_GAP', details: { reachable: 0xc0n } })
    }
  })

  test('a gap right after the snapshot: opened at the snapshot', async () => {
    await copySet('3.9.6', { without: ['log.155', 'log.101'] })
    await writeFile(join(dir, 'log.200'), encodeLog([create(0x200n, { path: '/later' })]))
    expect((await open()).proof).toMatchObject({
      zxid: 0x153n,
      applied: 0,
      exact: true,
      digest: { match: true },
      gaps: [{ after: 0x153n, before: 0x200n }],
    })
  })

  test('a damaged snapshot is passed over for the next older and more of the logs', async () => {
    await copySet('3.9.6')
    await flip('snapshot.153', 9000)
    const { proof, znodes } = await open()
    expect(proof).toMatchObject({
      zxid: 0x180n,
      snapshot: { name: 'snapshot.100' },
      applied: 0x80,
      exact: true,
      problems: [{ file: 'snapshot.153' }],
    })
    await copySet('3.9.6')
    expect(toExpectedNodes((await open()).znodes)).toEqual(toExpectedNodes(znodes))
  })

  test('an entry that cannot be read: the tree is the last before it', async () => {
    await copySet('3.9.6')
    const sound = await inspectPath(join(dir, 'log.155'))
    if (sound.type !== 'log') throw new Error(sound.type)
    await flip('log.155', sound.bytes - 30)
    expect((await open()).proof).toMatchObject({
      zxid: 0x17fn,
      exact: true,
      problems: [{ code: 'CHECKSUM_MISMATCH', file: 'log.155', offset: expect.any(Number) }],
    })
    await expect(open({ to: 0x180n })).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
  })

  test('a torn end is told and costs only the torn transaction', async () => {
    await copySet('3.9.6')
    const sound = await inspectPath(join(dir, 'log.155'))
    if (sound.type !== 'log') throw new Error(sound.type)
    await truncate(join(dir, 'log.155'), sound.bytes - 3)
    expect((await open()).proof).toMatchObject({
      zxid: 0x17fn,
      problems: [],
      torn: [{ file: 'log.155', tear: { kind: 'cut' } }],
    })
    await expect(open({ to: 0x180n })).rejects.toMatchObject({ code: 'LOG_TOO_SHORT', details: { reachable: 0x17fn } })
  })

  test("another server's logs are found out by the digest", async () => {
    await copySet('3.9.6', { without: findCorpusSet('3.9.6').logs.map(({ file }) => basename(file)) })
    for (const { file } of findCorpusSet('3.8.0').logs) await cp(file, join(dir, basename(file)))
    const { proof } = await open({ to: 0x170n })
    expect(proof).toMatchObject({ exact: false, digest: { match: false } })
    expect(proof.problems[0]).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test("another server's logs stay found out when the last transaction says nothing of the digest", async () => {
    await copySet('3.9.6', { without: findCorpusSet('3.9.6').logs.map(({ file }) => basename(file)) })
    for (const { file } of findCorpusSet('3.8.0').logs) await cp(file, join(dir, basename(file)))
    const { zxid } = (await open()).proof
    const log = encodeLog([create(zxid + 1n, { path: '/without-digest' })])
    await writeFile(join(dir, `log.${(zxid + 1n).toString(16)}`), log)
    const { proof } = await open()
    expect(proof).toMatchObject({ zxid: zxid + 1n, exact: false, digest: null })
    expect(proof.problems[0]).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('a snapshot that is sound but not the tree of these logs is passed over when an older one is', async () => {
    await copySet('3.9.6')
    await cp(join(dir, 'snapshot.56'), join(dir, 'snapshot.153'))
    expect((await open()).proof).toMatchObject({
      zxid: 0x180n,
      exact: true,
      snapshot: { name: 'snapshot.100' },
      problems: [{ code: 'DIGEST_MISMATCH', file: 'snapshot.153' }],
    })
  })

  test('a fuzzy snapshot serves no zxid before the end of its window, and without its log it is no state at all', async () => {
    await copySet('3.9.6-fuzzy')
    expect((await open()).proof).toMatchObject({
      zxid: 0x84cn,
      exact: true,
      conflicts: { inside: { exists: 10, missing: 13 } },
    })
    expect((await open({ to: 0x7cdn })).proof).toMatchObject({ zxid: 0x7cdn, exact: true })
    await expect(open({ to: 0x7ccn })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_NEW' })
    await rm(join(dir, 'log.21'))
    expect((await open()).proof).toMatchObject({ zxid: 0x78dn, exact: false, problems: [{ code: 'FUZZY_SNAPSHOT' }] })
  })

  test('a fuzzy snapshot without its log is passed over for an older one that is a state, which is said', async () => {
    await copySet('3.8.0', { without: ['log.101', 'log.157'] })
    expect((await open()).proof).toMatchObject({
      zxid: 0x100n,
      exact: true,
      problems: [{ code: 'FUZZY_SNAPSHOT', file: 'snapshot.155' }],
    })
  })

  test('a snapshot that does not say its window has one up to the latest change that it shows', async () => {
    await copySet('3.9.6-fuzzy')
    const bytes = gunzipSync(await readFile(join(dir, 'snapshot.78d.gz')))
    await rm(join(dir, 'snapshot.78d.gz'))
    // Without both blocks, as a server before 3.6 would have written it.
    await writeFile(join(dir, 'snapshot.78d'), bytes.subarray(0, bytes.length - 54))
    const { proof } = await open()
    expect(proof).toMatchObject({ zxid: 0x84cn, exact: true, digest: { match: true } })
    expect(proof.snapshot.windowEnd > 0x7b0n && proof.snapshot.windowEnd <= 0x7cdn).toBe(true)
    await expect(open({ to: 0x790n })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_NEW' })
    await rm(join(dir, 'log.21'))
    expect((await open()).proof).toMatchObject({ exact: false, problems: [{ code: 'FUZZY_SNAPSHOT' }] })
  })

  test('before every snapshot, behind every log, and without any snapshot', async () => {
    await copySet('3.9.6', { without: ['snapshot.0', 'snapshot.56'] })
    await expect(open({ to: 0x50n })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_NEW' })
    await expect(open({ to: 0x181n })).rejects.toMatchObject({ code: 'LOG_TOO_SHORT' })
    for (const name of await readdir(dir)) if (name.startsWith('snapshot.')) await rm(join(dir, name))
    await expect(open()).rejects.toMatchObject({ code: 'NO_VALID_SNAPSHOT' })
  })

  test('files that vanish between listing and reading are looked for once more, then it is an error', async () => {
    await copySet('3.9.6')
    const stale = await getDataDir(dir)
    await rm(join(dir, 'snapshot.153'))
    let listings = 0
    const list = async () => (listings++ === 0 ? stale : getDataDir(dir))
    const tree = await withListing(list, (place) => openListed(place, {}))
    expect(tree.proof).toMatchObject({ zxid: 0x180n, snapshot: { name: 'snapshot.100' } })
    await tree.close()
    await expect(
      withListing(
        async () => stale,
        (place) => openListed(place, {}),
      ),
    ).rejects.toMatchObject({
      code: 'FILES_CHANGED',
    })
  })
})

describe('the replayed tree as a native snapshot', () => {
  test('holds exactly that state, plain or gzip, and goes on with the logs', async () => {
    await copySet('3.9.6')
    const tree = await openDataDir(dir, { to: 0x120n })
    const out = join(store.dir, 'out', 'version-2')
    await mkdir(out, { recursive: true })
    await writeNative(tree, join(out, 'snapshot.120'))
    await writeNative(tree, join(out, 'snapshot.120.gz'))
    const znodes = toExpectedNodes(await collectZnodes(tree.readSubtree('/', { includeSystem: true })))
    await tree.close()
    for (const name of ['snapshot.120', 'snapshot.120.gz']) {
      const file = await store.archives.openPath(join(out, name))
      expect(toExpectedNodes(await collectZnodes(file.readSubtree('/', { includeSystem: true })))).toEqual(znodes)
      await file.close()
      expect(await inspectPath(join(out, name))).toMatchObject({
        zxid: '0x120',
        digest: null,
        lastZxid: null,
        problems: [],
      })
    }
    await rm(join(out, 'snapshot.120.gz'))
    for (const name of ['log.101', 'log.155']) await cp(join(dir, name), join(out, name))
    expect((await open({}, out)).proof).toMatchObject({
      zxid: 0x180n,
      exact: true,
      digest: { match: true },
      problems: [],
    })
    expect(await readdir(out)).toEqual(['log.101', 'log.155', 'snapshot.120'])
  })

  test('is never put into the directory that is read', async () => {
    await copySet('3.9.6')
    const tree = await openDataDir(dir)
    await expect(writeNative(tree, join(dir, 'snapshot.180'))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(writeNative(tree, join(store.dir, 'no/such/file'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await tree.close()
  })
})

describe('inspect and verify', () => {
  test('a log: range, types, tears', async () => {
    await copySet('3.9.6')
    const facts = await inspectPath(join(dir, 'log.1'))
    expect(facts).toMatchObject({
      type: 'log',
      file: 'log.1',
      firstZxid: '0x1',
      lastZxid: '0x57',
      transactions: 0x57,
      torn: false,
      tear: null,
      problems: [],
    })
    if (facts.type !== 'log') throw new Error(facts.type)
    expect(Object.values(facts.byType).reduce((a, b) => a + b)).toBe(0x57)
    expect(facts.byType.createSession).toBeGreaterThan(0)
    await writeFile(join(dir, 'log.1'), (await readFile(join(dir, 'log.1'))).subarray(0, facts.bytes - 4))
    expect(await inspectPath(join(dir, 'log.1'))).toMatchObject({ torn: true, lastZxid: '0x56', problems: [] })
    await writeFile(join(dir, 'log.1.gz'), gzipSync(await readFile(join(dir, 'log.58'))))
    expect(await inspectPath(join(dir, 'log.1.gz'))).toMatchObject({
      firstZxid: '0x58',
      problems: [{ code: 'NAME_MISMATCH' }],
    })
    await truncate(join(dir, 'log.58'), 3)
    expect(await inspectPath(join(dir, 'log.58'))).toMatchObject({ torn: true, firstZxid: null, transactions: 0 })
  })

  test('a directory: how far it leads, and every gap', async () => {
    await copySet('3.9.6')
    expect(await inspectPath(dir)).toMatchObject({ type: 'datadir', replayableTo: '0x180', gaps: [], problems: [] })
    await rm(join(dir, 'log.c1'))
    expect(await inspectPath(dir)).toMatchObject({
      replayableTo: '0x180',
      gaps: [{ after: '0xc0', before: '0x101' }],
      problems: [{ code: 'LOG_GAP' }],
    })
    await rm(join(dir, 'log.101'))
    expect(await inspectPath(dir)).toMatchObject({
      replayableTo: '0x153',
      gaps: [
        { after: '0xc0', before: '0x155' },
        { after: '0x153', before: '0x155' },
      ].filter((gap) => gap.after === '0xc0'),
    })
    await flip('snapshot.153', 5000)
    expect(await inspectPath(dir)).toMatchObject({ replayableTo: '0x100' })
  })

  test('verify has one shape for files, logs and directories', async () => {
    const set = await copySet('3.9.6')
    const report = await verifyPath(dir)
    expect(report).toMatchObject({ ok: true, checksumOk: true, problems: [], digest: { match: true, zxid: '0x180' } })
    const expected = await expectedOf(set.expected.find((file) => basename(file) === 'expected.json')!)
    expect(report.znodes).toBe(expected.nodes.length)
    expect(report.digest?.computed).toBe(formatHex64(expected.digest))
    expect(report.files.map(({ name }) => name)).toContain('log.155')
    expect(await verifyPath(join(dir, 'snapshot.100'))).toMatchObject({
      ok: true,
      checksumOk: true,
      files: [{ name: 'snapshot.100', ok: true, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      digest: { match: true },
    })
    expect(await verifyPath(join(dir, 'log.1'))).toMatchObject({ ok: true, checksumOk: true, znodes: 0, digest: null })
    await flip('log.155', 200)
    expect(await verifyPath(dir)).toMatchObject({ ok: false, checksumOk: false, problems: [{ file: 'log.155' }] })
    await flip('snapshot.100', 5000)
    expect(await verifyPath(join(dir, 'snapshot.100'))).toMatchObject({ ok: false, checksumOk: false })
  })

  test('an archive that has lost its manifest does not pass for a data directory', async () => {
    const archive = await store.write(buildTree(['/a']))
    await rm(join(archive.dir, 'manifest.json'))
    expect(await verifyPath(archive.dir)).toMatchObject({ ok: false, problems: [{ code: 'MANIFEST_MISSING' }] })
  })
})

test('a tree of many blocks with a patch all over it is put together right', async () => {
  const before = buildTree(
    Array.from({ length: 3000 }, (_, i) => ({ path: `/d${i % 7}/n${i}`, data: 'x'.repeat(900) })),
  )
  async function* once() {
    yield { znodes: before, unreadable: [] }
  }
  await writeFile(join(dir, 'snapshot.64'), await encodeSnapshot(once()))
  const txns = Array.from({ length: 700 }, (_, i) =>
    create(BigInt(101 + i), { path: `/d${i % 7}/n${i * 4}x`, data: String(i) }),
  )
  await writeFile(join(dir, 'log.65'), encodeLog(txns))
  const { proof, znodes } = await open()
  expect(proof).toMatchObject({ zxid: 800n, applied: 700, digest: null, problems: [] })
  expect(znodes.map(({ path }) => path)).toEqual(
    buildTree([...before.map(({ path }) => path), ...txns.map((_, i) => `/d${i % 7}/n${i * 4}x`)]).map(
      ({ path }) => path,
    ),
  )
})

describe('a znode of a fuzzy snapshot whose ACL came after the table of ACLs was written', () => {
  const acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]

  /** A sound file but for the number of one list, under which its znodes do not look. */
  async function writeSnapshot(czxid: bigint): Promise<void> {
    async function* once() {
      const stat = { czxid, mzxid: czxid, pzxid: czxid }
      yield {
        znodes: buildTree([
          { path: '/a', stat: { pzxid: czxid } },
          { path: '/a/new', acl, stat },
        ]),
        unreadable: [],
      }
    }
    const bytes = await encodeSnapshot(once())
    const second = Buffer.from('00000000000000020000000100000001', 'hex')
    bytes.writeBigInt64BE(9n, bytes.indexOf(second))
    // The checksum stands before the last five bytes, a slash with its length.
    const end = bytes.length - 13
    bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes.subarray(0, end))), end)
    await writeFile(join(dir, 'snapshot.64'), bytes)
  }

  test('gets it from the log, as at a server', async () => {
    await writeSnapshot(101n)
    await writeFile(join(dir, 'log.65'), encodeLog([create(101n, { path: '/a/new', acl })]))
    const { proof, znodes } = await open()
    expect(proof).toMatchObject({ zxid: 101n, problems: [] })
    expect(znodes.find(({ path }) => path === '/a/new')?.acl).toEqual(acl)
    expect(await verifyPath(dir)).toMatchObject({ ok: true, problems: [] })
    expect(await inspectPath(dir)).toMatchObject({ problems: [] })
  })

  test('is damage where no log tells it, and in a file by itself', async () => {
    await writeSnapshot(99n)
    await writeFile(join(dir, 'log.65'), encodeLog([create(101n, { path: '/a/other', acl })]))
    await expect(open()).rejects.toMatchObject({ code: 'UNKNOWN_ACL' })
    expect(await verifyPath(dir)).toMatchObject({ ok: false, problems: [{ code: 'UNKNOWN_ACL' }] })
    expect(await verifyPath(join(dir, 'snapshot.64'))).toMatchObject({ ok: false, problems: [{ code: 'UNKNOWN_ACL' }] })
  })
})
