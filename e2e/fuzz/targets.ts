import { createHash, type Hash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { TempStore } from '../../lib/adapters/archive/archive-builder.ts'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import { inspectPath } from '../../lib/adapters/archive/inspect-path.ts'
import { stringifyJson } from '../../lib/base/json.ts'
import { ADLER_START, adler32 } from '../../lib/domain/snapshot/adler32.ts'
import { SnapshotReader } from '../../lib/domain/snapshot/read-snapshot.ts'
import { copyStat } from '../../lib/domain/snapshot/record.ts'
import { decodeSnappy } from '../../lib/domain/snapshot/snappy.ts'
import type { ZnodeStream } from '../../lib/domain/znode/znode.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { buildTree, randomTree } from '../../lib/testing/znode-builder.ts'
import { makeLogTargets } from './log-targets.ts'

export interface CorpusFile {
  readonly name: string
  readonly bytes: Buffer
}

/**
 * One reader under test. `read` gives a digest of the content that it read as sound, and throws what the reader throws. For a damaged
 * file that must be an ArkeeperError, or the content of the sound file: nothing else.
 */
export interface FuzzTarget {
  readonly name: string
  readonly corpus: readonly CorpusFile[]
  read(bytes: Buffer, of: CorpusFile): Promise<string>
  /**
   * Other content than the sound file's that is right as well. Always, where a file is given right checksums again so that only its
   * structure is damaged. Default: none.
   */
  readonly accepts?: (content: string, sound: string) => boolean
}

/** Everything that is fuzzed. `domainDir`: lib/domain, for its corpora. `dir`: a folder of the caller's, for the readers that need files. */
export async function makeTargets(domainDir: string, dir: string): Promise<FuzzTarget[]> {
  await mkdir(dir, { recursive: true })
  const stored = await readCorpus(join(domainDir, 'snapshot/corpus'))
  const plain = stored.map(({ name, bytes }) => ({ name, bytes })).filter(({ name }) => !/\.(gz|snappy)$/.test(name))
  const snappy = stored.filter(({ name }) => name.endsWith('.snappy'))
  const gzip = [
    ...stored.filter(({ name }) => name.endsWith('.gz')),
    ...plain.slice(0, 4).map(({ name, bytes }) => ({ name: `${name}.gz`, bytes: gzipSync(bytes) })),
  ]
  const unpacked = gzip.map(({ name, bytes }) => ({ name: name.replace(/\.gz$/, ''), bytes: gunzipSync(bytes) }))
  const archives = await writeArchives(dir)
  const filesOf = (pattern: RegExp) => archives.filter(({ name }) => pattern.test(name))
  return [
    { name: 'snapshot', corpus: [...plain, ...unpacked.slice(0, 1)], read: (bytes) => readSnapshot(inChunks(bytes)) },
    {
      name: 'snapshot-sealed',
      corpus: plain,
      read: (bytes) => readSnapshot(inChunks(reseal(bytes))),
      accepts: () => true,
    },
    { name: 'snappy', corpus: snappy, read: (bytes) => readSnapshot(decodeSnappy(inChunks(bytes))) },
    { name: 'snapshot-file', corpus: [...plain, ...gzip, ...snappy], read: (bytes, of) => openFile(dir, bytes, of) },
    { name: 'inspect', corpus: [...plain, ...gzip, ...snappy], read: (bytes, of) => inspectFile(dir, bytes, of) },
    { name: 'archive-snapshot', corpus: filesOf(/gz$/), read: (bytes, of) => readArchive(dir, bytes, of) },
    { name: 'archive-index', corpus: filesOf(/index$/), read: (bytes, of) => readArchive(dir, bytes, of) },
    { name: 'archive-manifest', corpus: filesOf(/json$/), read: (bytes, of) => readArchive(dir, bytes, of) },
    { name: 'archive-verify', corpus: archives, read: (bytes, of) => verifyArchive(dir, bytes, of) },
    ...(await makeLogTargets(join(domainDir, 'txnlog/corpus'))),
  ]
}

async function readCorpus(dir: string): Promise<CorpusFile[]> {
  const names = (await readdir(dir, { recursive: true })).filter((name) => /(^|\/)snapshot\./.test(name)).sort()
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(dir, name)) })))
}

async function* inChunks(bytes: Buffer, size = 4096): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readSnapshot(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const reader = new SnapshotReader(bytes, { digest: true })
  try {
    const { sessions } = await reader.readHead()
    const content = await digestOf(reader.readZnodes())
    await reader.readTail()
    return `${content} ${[...sessions].join()}`
  } finally {
    await reader.close()
  }
}

/** The same bytes with a right checksum where the first seal lies, if it still lies anywhere. */
function reseal(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(Buffer.from('000000012f', 'hex'), -6)
  const nodesEnd = bytes.indexOf(Buffer.from('000000012f00000000', 'hex'))
  const at = nodesEnd < 0 ? end - 8 : nodesEnd + 5
  if (at < 0 || at + 13 > bytes.length) return bytes
  const sealed = Buffer.from(bytes.subarray(0, at + 13))
  sealed.writeBigInt64BE(BigInt(adler32(ADLER_START, sealed, 0, at)), at)
  return sealed
}

async function digestOf(stream: ZnodeStream): Promise<string> {
  const hash = createHash('sha256')
  for await (const { znodes, unreadable } of stream) {
    for (const { path, data, acl, kind, ttlMs, stat } of znodes) {
      text(hash, stringifyJson([path, data === null ? null : data.length, acl, kind, ttlMs, copyStat(stat)]))
      if (data) hash.update(data)
    }
    for (const place of unreadable) text(hash, place.path)
  }
  return hash.digest('hex')
}

const text = (hash: Hash, value: string) => hash.update(value).update('\n')

async function openFile(dir: string, bytes: Buffer, of: CorpusFile): Promise<string> {
  const path = join(dir, basename(of.name))
  await writeFile(path, bytes)
  const tree = await createFileArchives().openPath(path)
  try {
    const root = await tree.get('/')
    await tree.listChildren('/', { limit: 1000 })
    return `${root.kind} ${await digestOf(tree.readSubtree('/', { includeSystem: true }))}`
  } finally {
    await tree.close()
  }
}

/** Facts without problems stand for a sound file: the znodes behind them are told by their digest. */
async function inspectFile(dir: string, bytes: Buffer, of: CorpusFile): Promise<string> {
  const path = join(dir, basename(of.name))
  await writeFile(path, bytes)
  const facts = await inspectPath(path)
  if (facts.problems.length > 0 || facts.type !== 'snapshot') return SAID_SO
  const { znodes, dataBytes, ephemerals, containers, ttls, acls, sessions } = facts
  return stringifyJson({ znodes, dataBytes, ephemerals, containers, ttls, acls, sessions })
}

/** The reader has reported the damage instead of throwing: as good as an error. */
export const SAID_SO = 'problems reported'

const sampleTrees = () => [
  buildTree([{ path: '/a', data: 'x' }, { path: '/b/c', data: null }, '/d']),
  randomTree(new SeededRandom(5), { size: 60, ephemerals: true }),
  buildTree(Array.from({ length: 12 }, (_, i) => ({ path: `/n${i}`, data: new SeededRandom(i).bytes(200_000) }))),
]

/** Archives in folders below `dir`; their files as `<archive>/<file>`. */
async function writeArchives(dir: string): Promise<CorpusFile[]> {
  const store = await TempStore.create()
  const files: CorpusFile[] = []
  try {
    for (const [i, tree] of sampleTrees().entries()) {
      const written = await store.write(tree)
      const name = `archive-${i}`
      await cp(written.dir, join(dir, name), { recursive: true })
      for (const file of (await readdir(written.dir)).sort()) {
        files.push({ name: `${name}/${file}`, bytes: await readFile(join(written.dir, file)) })
      }
    }
  } finally {
    await store.remove()
  }
  return files
}

/** With one file of the archive exchanged; put back afterwards. */
async function withFile<T>(dir: string, bytes: Buffer, of: CorpusFile, use: (archive: string) => Promise<T>) {
  await writeFile(join(dir, of.name), bytes)
  try {
    return await use(join(dir, of.name, '..'))
  } finally {
    await rm(join(dir, of.name), { force: true })
    await writeFile(join(dir, of.name), of.bytes)
  }
}

const readArchive = (dir: string, bytes: Buffer, of: CorpusFile) =>
  withFile(dir, bytes, of, async (archive) => {
    const tree = await createFileArchives().open(archive)
    try {
      await tree.listChildren('/', { limit: 1000 })
      return await digestOf(tree.readSubtree('/', { includeSystem: true }))
    } finally {
      await tree.close()
    }
  })

/** A report without problems is a promise that the archive is what was written. */
const verifyArchive = (dir: string, bytes: Buffer, of: CorpusFile) =>
  withFile(dir, bytes, of, async (archive) => {
    const report = await createFileArchives().verify(archive)
    return report.ok ? `sound: ${report.znodes} ${report.digest?.computed}` : SAID_SO
  })
