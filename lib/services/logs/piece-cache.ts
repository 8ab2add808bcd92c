import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { makeDir } from '../../base/make-dir.ts'
import type { ServiceContext } from '../context.ts'
import type { PieceContext } from './fetch-piece.ts'
import { storedOf } from './placed-pieces.ts'

/** Room for pieces of all clusters; those of the cluster that is being read always stay. */
const CACHE_BYTES = 10 * 2 ** 30
/** Between two looks at how much there is. */
const EVICT_EVERY_BYTES = 256 << 20
/** Nothing is fetched for so long: a process that is gone has left it. */
const ABANDONED_AFTER_MS = 24 * 3_600_000

interface Taken {
  readonly dir: string
  readonly segment: LogSegment
}

/**
 * Pieces of transaction logs that were fetched out of stores, `<work folder>/logs/<cluster id>/`, each held against its sums when it came. All
 * of it may be removed at any time.
 */
export class PieceCache {
  readonly #root: string
  readonly #bytesMax: number
  readonly #filling = new Map<string, Promise<Taken>>()
  #since = Number.POSITIVE_INFINITY

  constructor(root: string, bytesMax: number) {
    this.#root = root
    this.#bytesMax = bytesMax
  }

  dirOf(clusterId: string): string {
    return join(this.#root, clusterId)
  }

  /** `fill` writes the piece into an empty folder and says what it is. */
  async take(
    context: PieceContext,
    clusterId: string,
    wanted: LogSegment,
    fill: (into: string) => Promise<LogSegment>,
  ): Promise<Taken> {
    const key = `${clusterId} ${storedOf(wanted).sha256}`
    const filling =
      this.#filling.get(key) ??
      this.#take(context, clusterId, wanted, fill).finally(() => void this.#filling.delete(key))
    this.#filling.set(key, filling)
    return filling
  }

  /** Removes pieces that are not among these: they were removed from the archive, or cut elsewhere. */
  async keepOnly({ archives }: PieceContext, clusterId: string, segments: readonly LogSegment[]): Promise<void> {
    const dir = this.dirOf(clusterId)
    const { pieces } = archives.logs
    const firsts = new Set(segments.map(({ first }) => first))
    for (const name of await readdir(dir).catch(() => [])) {
      const first = pieces.findFirst(name)
      if (first === null || firsts.has(first)) continue
      const segment = await pieces.find(dir, first)
      if (segment !== null) await pieces.remove(dir, segment)
    }
  }

  async #take(
    context: PieceContext,
    clusterId: string,
    wanted: LogSegment,
    fill: (into: string) => Promise<LogSegment>,
  ): Promise<Taken> {
    const dir = this.dirOf(clusterId)
    const { pieces } = context.archives.logs
    const known = await pieces.find(dir, wanted.first)
    if (known !== null && storedOf(known).sha256 === storedOf(wanted).sha256) return { dir, segment: known }
    const temp = join(this.#root, `.tmp-${process.pid}-${context.newId()}`)
    await makeDir(this.#root, 0o700)
    await mkdir(temp, { mode: 0o700 })
    try {
      const segment = await fill(temp)
      await pieces.put(temp, dir, segment)
      this.#since += storedOf(segment).bytes
      if (this.#since > EVICT_EVERY_BYTES) await this.#evict(clusterId)
      return { dir, segment }
    } finally {
      await rm(temp, { recursive: true, force: true })
    }
  }

  /** Whole clusters, the least recently read first, until the rest fits. */
  async #evict(current: string): Promise<void> {
    this.#since = 0
    const now = new Date()
    await utimes(this.dirOf(current), now, now)
    const clusters: { dir: string; bytes: number; usedMs: number }[] = []
    for (const name of await readdir(this.#root)) {
      const dir = join(this.#root, name)
      if (name.startsWith('.tmp-')) {
        const found = await stat(dir).catch(() => null)
        if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(dir, { recursive: true, force: true })
        continue
      }
      let bytes = 0
      for (const file of await readdir(dir)) {
        const found = await stat(join(dir, file)).catch(() => null)
        bytes += found?.size ?? 0
      }
      clusters.push({ dir, bytes, usedMs: name === current ? Number.MAX_SAFE_INTEGER : (await stat(dir)).mtimeMs })
    }
    let sum = clusters.reduce((total, { bytes }) => total + bytes, 0)
    for (const { dir, bytes, usedMs } of clusters.sort((a, b) => a.usedMs - b.usedMs)) {
      if (sum <= this.#bytesMax || usedMs === Number.MAX_SAFE_INTEGER) return
      await rm(dir, { recursive: true, force: true })
      sum -= bytes
    }
  }
}

const CACHES = new Map<string, PieceCache>()

/** One a process and folder; the processes of a host share the folder. */
export function pieceCacheOf({
  paths,
  storeCacheBytes,
}: Pick<ServiceContext, 'paths' | 'storeCacheBytes'>): PieceCache {
  const root = join(paths.workDir, 'logs')
  const known = CACHES.get(root) ?? new PieceCache(root, storeCacheBytes ?? CACHE_BYTES)
  CACHES.set(root, known)
  return known
}
