import type { ArchiveReader } from '../../adapters/archive/store.ts'
import { mapAhead } from '../../base/map-ahead.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { ZnodeError } from '../../domain/znode/errors.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader, ZnodeReading } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { intersectRoots } from './scope.ts'

/** What a source holds. Outside of it, absence means nothing: ancestors of a subtree are there only so that a stock server loads it. */
export type TreeScope = Manifest['scope']

const WHOLE: TreeScope = { paths: [ROOT], kind: 'subtrees' }
const READ_AT_ONCE = 1000
/** Data of one round of reads should stay near this. */
const BYTES_AT_ONCE = 4 * 1024 * 1024

export function scopeOf(reader: TreeReader): TreeScope {
  if (isArchiveReader(reader)) return reader.manifest.scope
  return isScoped(reader) ? reader.scope : WHOLE
}

/** Another tool's file, which may hold a part of a tree only. */
function isScoped(reader: TreeReader): reader is TreeReader & { readonly scope: TreeScope } {
  return 'scope' in reader
}

export function isArchiveReader(reader: TreeReader): reader is ArchiveReader {
  return 'manifest' in reader && 'dir' in reader
}

/** The subtrees that both scopes hold, at and below `path`; in path order. Touched scopes count with each of their paths. */
export function commonRoots(a: TreeScope, b: TreeScope, path: string): string[] {
  if (a.kind === 'touched' && b.kind === 'touched') {
    const inBoth = new Set(b.paths)
    return a.paths.filter((shared) => inBoth.has(shared) && isWithin(shared, path))
  }
  const common = new Set<string>()
  for (const root of a.paths) for (const shared of intersectRoots(b.paths, root)) common.add(shared)
  return intersectRoots([...common].sort(comparePaths), path)
}

/** The subtrees one after the other; a root that does not exist is an empty one, told to `onMissing`. Roots in path order. */
export async function* readRoots(
  reader: TreeReader,
  roots: readonly string[],
  options: { readonly signal?: AbortSignal; readonly includeSystem?: boolean; onMissing?: (root: string) => void },
): ZnodeStream {
  for (const root of roots) {
    let begun = false
    try {
      for await (const batch of reader.readSubtree(root, options)) {
        begun = true
        yield batch
      }
    } catch (error) {
      if (begun || !(error instanceof ZnodeError) || error.code !== 'NO_NODE') throw error
      options.onMissing?.(root)
    }
  }
}

/** Exactly these paths, nothing below them. `paths` in path order, each once. */
export async function* readPaths(
  reader: TreeReader,
  paths: readonly string[],
  options: { readonly signal?: AbortSignal },
): ZnodeStream {
  if (isArchiveReader(reader)) {
    const wanted = new Set(paths)
    for await (const batch of reader.readSubtree(ROOT, { ...options, includeSystem: true })) {
      yield {
        znodes: batch.znodes.filter((znode) => wanted.has(znode.path)),
        unreadable: batch.unreadable.filter((place) => paths.some((path) => isWithin(path, place.path))),
      }
    }
    return
  }
  // What lies below a missing znode is missing too: a restore into an empty subtree asks for its first paths only.
  let missing: string | null = null
  let atOnce = READ_AT_ONCE
  function* rounds(): Generator<readonly string[]> {
    for (let next = 0; next < paths.length; ) {
      const round: string[] = []
      for (; next < paths.length && round.length < atOnce; next++) {
        const path = paths[next]!
        if (missing === null || !isWithin(path, missing)) round.push(path)
      }
      if (round.length > 0) yield round
    }
  }
  for await (const { input, output } of mapAhead(rounds(), (round) => readMany(reader, round, options))) {
    const znodes: Znode[] = []
    const unreadable: UnreadableZnode[] = []
    let bytes = 0
    input.forEach((path, i) => {
      const reading = output[i]
      if (reading?.kind === 'found') {
        znodes.push(reading.znode)
        bytes += reading.znode.data?.length ?? 0
      } else if (reading?.kind === 'unreadable') {
        unreadable.push({ path, reason: reading.reason, message: reading.message })
      } else if (missing === null || !isWithin(path, missing)) {
        missing = path
      }
    })
    // Values are large where others near them were: rounds shrink at once, and grow back step by step.
    const fitting = Math.floor((BYTES_AT_ONCE * input.length) / Math.max(bytes, 1))
    atOnce = Math.max(1, Math.min(READ_AT_ONCE, fitting, atOnce * 2))
    yield { znodes, unreadable }
  }
}

/** In one request where the reader can, else one by one. */
async function readMany(
  reader: TreeReader & { readMany?: (paths: readonly string[], options: object) => Promise<readonly ZnodeReading[]> },
  paths: readonly string[],
  options: { readonly signal?: AbortSignal },
): Promise<readonly ZnodeReading[]> {
  if (reader.readMany) return reader.readMany(paths, options)
  const readings: ZnodeReading[] = []
  for (const path of paths) readings.push(await reader.get(path, options))
  return readings
}
