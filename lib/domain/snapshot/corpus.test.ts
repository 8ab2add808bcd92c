import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseExpected, toExpectedNodes } from '../../testing/corpus.ts'
import type { Znode } from '../znode/znode.ts'
import { SnapshotReader } from './read-snapshot.ts'
import { decodeSnappy } from './snappy.ts'

const CORPUS = join(import.meta.dirname, 'corpus')

async function* chunksOf(bytes: Uint8Array, size = bytes.length) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function plainBytes(file: string): Promise<Buffer> {
  const bytes = readFileSync(file)
  if (file.endsWith('.gz')) return gunzipSync(bytes)
  if (!file.endsWith('.snappy')) return bytes
  const parts: Buffer[] = []
  for await (const part of decodeSnappy(chunksOf(bytes, 1000))) parts.push(part)
  return Buffer.concat(parts)
}

async function readAll(bytes: Uint8Array, chunkBytes?: number) {
  const reader = new SnapshotReader(chunksOf(bytes, chunkBytes), { digest: true })
  const head = await reader.readHead()
  const znodes: Znode[] = []
  for await (const batch of reader.readZnodes()) znodes.push(...batch.znodes)
  const tail = await reader.readTail()
  return { head, znodes, tail, computed: reader.digest?.value() }
}

const files = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
  .filter((name) => basename(name).startsWith('snapshot.'))
  .sort()

const nameZxid = (file: string) => BigInt(`0x${basename(file).split('.')[1]}`)

describe('snapshots written by real servers', () => {
  test('the corpus is not empty', () => expect(files.length).toBeGreaterThan(12))

  test.each(files)('%s parses whole, with right checksums and tables', async (file) => {
    const { znodes, tail, computed } = await readAll(await plainBytes(join(CORPUS, file)))
    const paths = new Set(znodes.map((znode) => znode.path))
    expect(paths.size).toBe(znodes.length)
    for (const system of ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']) expect(paths).toContain(system)
    expect(tail.checksum.stored).toBe(BigInt(tail.checksum.computed))
    expect(tail.lastZxid === null).toBe(file.startsWith('3.8'))
    const exact = tail.digest !== null && tail.digest.zxid === nameZxid(file) && tail.digest.zxid !== 0n
    if (exact) expect(computed).toBe(tail.digest?.value)
  })

  test.each(files)('%s reads the same from chunks of 7 bytes', async (file) => {
    const bytes = await plainBytes(join(CORPUS, file))
    const whole = await readAll(bytes)
    const pieces = await readAll(bytes, 7)
    expect(plain(pieces.znodes)).toEqual(plain(whole.znodes))
    expect(pieces.tail).toEqual(whole.tail)
  })

  test('the fuzzy snapshot tells its window, and its digest is known not to match', async () => {
    const { tail, computed } = await readAll(await plainBytes(join(CORPUS, '3.9.6-fuzzy/snapshot.78d.gz')))
    expect(tail.digest?.zxid).toBe(0x7cdn)
    expect(tail.lastZxid).toBe(0x7cdn)
    expect(tail.digest?.value).toBe(7115513677940n)
    expect(computed).toBe(7115835666708n)
  })

  test.each([
    ['3.8.0/snapshot.100', '3.8.0/expected-at-0x100.json'],
    ['3.9.6/snapshot.100', '3.9.6/expected-at-0x100.json'],
    ['3.9.6-compressed/snapshot.180.gz', '3.9.6/expected.json'],
    ['3.9.6-compressed/snapshot.180.snappy', '3.9.6/expected.json'],
  ])('%s holds what a client read from the server', async (file, twin) => {
    const { znodes, computed } = await readAll(await plainBytes(join(CORPUS, file)))
    const expected = parseExpected(readFileSync(join(CORPUS, twin), 'utf8'))
    expect(toExpectedNodes(znodes)).toEqual(expected.nodes)
    expect(computed).toBe(expected.digest)
  })

  test('kinds come from the owner: what the generator asked for is what is read', async () => {
    const { znodes } = await readAll(await plainBytes(join(CORPUS, '3.9.6-compressed/snapshot.180.gz')))
    const expected = parseExpected(readFileSync(join(CORPUS, '3.9.6/expected.json'), 'utf8'))
    const special = znodes
      .filter((znode) => znode.kind === 'container' || znode.kind === 'ttl')
      .map((znode) => [znode.path, znode.kind === 'ttl' ? `ttl:${znode.ttlMs}` : 'container'])
    expect(special.length).toBeGreaterThan(4)
    expect(Object.fromEntries(special)).toEqual(expected.createdAs)
  })
})

function plain(znodes: readonly Znode[]) {
  return znodes.map((znode) => ({
    ...znode,
    data: znode.data && Buffer.from(znode.data).toString('hex'),
    stat: JSON.stringify(znode.stat, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  }))
}
