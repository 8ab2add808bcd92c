import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkSnapshot } from '../../lib/adapters/archive/check-snapshot.ts'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import { compressionOfName, readSnapshotBytes } from '../../lib/adapters/archive/snapshot-file.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { benchTree } from './bench-tree.ts'

/** What the tasks of native files take; all of it, as it crosses a process. */
export interface NativeInput {
  /** A snapshot file. */
  readonly file: string
  /** An archive folder. */
  readonly archive: string
  readonly parentDir: string
  readonly size: number
}

const SAMPLES = 200

/** Reads a native snapshot to its end: structure, parents, ACL ids, every checksum, and the tree digest. Gives the znodes. */
export async function readNative({ file }: NativeInput): Promise<number> {
  const checked = await checkSnapshot(readSnapshotBytes(file, compressionOfName(file)), { digest: true })
  return checked.znodes
}

/** Writes the znodes of an archive as another one, read back and verified as always. */
export async function writeNative({ archive, parentDir }: NativeInput): Promise<number> {
  const archives = createFileArchives()
  const source = await archives.open(archive)
  await mkdir(parentDir, { recursive: true })
  const { manifest } = source
  const written = await archives.write({
    parentDir,
    stream: source.readSubtree('/', { includeSystem: true }),
    describe: () => ({ ...manifest, zxid: BigInt(manifest.zxid), unreadable: [] }),
    startedAtMs: Date.now(),
    now: Date.now,
  })
  await source.close()
  return written.manifest.znodes
}

/** Milliseconds from a closed archive to one znode with its value, for znodes all over the tree; each opens the archive anew. */
export async function openPaths({ archive, size }: NativeInput): Promise<number[]> {
  const archives = createFileArchives()
  const paths = await samplePaths(size)
  const times: number[] = []
  for (const path of paths) {
    const since = performance.now()
    const tree = await archives.open(archive)
    const found = await tree.get(path)
    times.push(performance.now() - since)
    await tree.close()
    if (found.kind !== 'found') throw new Error(`the benchmark's archive lacks ${path}`)
  }
  return times
}

async function samplePaths(size: number): Promise<string[]> {
  const random = new SeededRandom(1)
  const wanted = new Set(Array.from({ length: SAMPLES }, () => random.below(size)))
  const paths: string[] = []
  let ordinal = 0
  for await (const { znodes } of benchTree(size)) {
    for (const { path } of znodes) if (wanted.has(ordinal++)) paths.push(path)
  }
  return paths.sort(() => random.next() - 0.5)
}

/** The snapshot file inside an archive folder. */
export const snapshotIn = (archive: string, size: number) =>
  join(archive, `snapshot.${BigInt(size + 10).toString(16)}.gz`)
