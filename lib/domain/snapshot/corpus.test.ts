import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parentPath, ROOT } from '../znode/path.ts'
import { toClientStat } from '../znode/stat.ts'
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

interface ExpectedNode {
  path: string
  data: string | null
  stat: Record<string, bigint>
  acl: unknown
  createdAs?: string
}

/** 64-bit numbers of the twin are beyond what JSON numbers carry: every integer is read as a bigint. */
function parseExpected(text: string): { nodes: unknown[]; digest: bigint; createdAs: Record<string, string> } {
  const quoted = text.replace(/: (-?\d+)(?=[,\n])/g, ': "#$1"')
  const json = JSON.parse(quoted, (_, value) =>
    typeof value === 'string' && value.startsWith('#') && /^#-?\d+$/.test(value) ? BigInt(value.slice(1)) : value,
  )
  const createdAs: Record<string, string> = {}
  const nodes = json.nodes.map(({ createdAs: kind, ...node }: ExpectedNode) => {
    if (kind) createdAs[node.path] = kind
    return node
  })
  return { nodes, digest: json.digest, createdAs }
}

function toExpectedNodes(znodes: readonly Znode[]) {
  const children = new Map<string, number>()
  for (const { path } of znodes) {
    if (path !== ROOT) children.set(parentPath(path), (children.get(parentPath(path)) ?? 0) + 1)
  }
  return [...znodes]
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .map((znode) => {
      const stat = toClientStat(znode.stat, znode.kind, {
        dataLength: znode.data?.length ?? 0,
        numChildren: children.get(znode.path) ?? 0,
      })
      return {
        path: znode.path,
        data: znode.data === null ? null : Buffer.from(znode.data).toString('base64'),
        stat: Object.fromEntries(Object.entries(stat).map(([key, value]) => [key, BigInt(value)])),
        acl: znode.acl.map((entry) => ({ ...entry, perms: BigInt(entry.perms) })),
      }
    })
}
