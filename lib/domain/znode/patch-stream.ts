import { comparePaths } from './order.ts'
import { ancestorsOf, isWithin, parentPath, ROOT } from './path.ts'
import type { UnreadableZnode, Znode, ZnodeStream } from './znode.ts'

/** What a path holds instead of what the stream says; null: it and everything below it is gone. */
export interface PatchEntry {
  readonly path: string
  readonly znode: Znode | null
}

/** Entries in path order, one a path: of several for one path the last wins. */
export function sortPatch(entries: Iterable<PatchEntry>): PatchEntry[] {
  const latest = new Map<string, PatchEntry>()
  for (const entry of entries) latest.set(entry.path, entry)
  return [...latest.values()].sort((a, b) => comparePaths(a.path, b.path))
}

/**
 * The stream with each path of the patch replaced, inserted or removed; `patch` is in path order, each path once.
 * A znode whose parent is in neither is left out, so that the result is a tree whatever raced with the reading.
 */
export async function* patchStream(stream: ZnodeStream, patch: readonly PatchEntry[]): ZnodeStream {
  const output = new TreeFilter()
  let next = 0
  let goneRoot: string | null = null

  const apply = (entry: PatchEntry, into: Znode[]) => {
    if (goneRoot !== null && !isWithin(entry.path, goneRoot)) goneRoot = null
    if (entry.znode === null) goneRoot ??= entry.path
    else if (goneRoot === null) output.pass(entry.znode, into)
  }

  for await (const batch of stream) {
    const { ends } = batch
    if (ends !== undefined) {
      // Nothing in it is to be changed: it is passed on unopened.
      const entry = patch[next]
      const isPast = entry === undefined || comparePaths(entry.path, ends.last) > 0
      if (isPast && (goneRoot === null || !isWithin(ends.first, goneRoot))) {
        goneRoot = null
        output.passAll(ends.last)
        yield batch
        continue
      }
    }
    const znodes: Znode[] = []
    for (const znode of batch.znodes) {
      let replaced = false
      for (let entry = patch[next]; entry !== undefined; entry = patch[next]) {
        const order = comparePaths(entry.path, znode.path)
        if (order > 0) break
        apply(entry, znodes)
        next++
        if (order === 0) {
          replaced = true
          break
        }
      }
      if (goneRoot !== null && isWithin(znode.path, goneRoot)) continue
      goneRoot = null
      if (!replaced) output.pass(znode, znodes)
    }
    yield { znodes, unreadable: batch.unreadable }
  }

  const rest: Znode[] = []
  for (; next < patch.length; next++) {
    const entry = patch[next]
    if (entry !== undefined) apply(entry, rest)
  }
  if (rest.length > 0) yield { znodes: rest, unreadable: [] }
}

/** Lets a znode through only under a parent that went through before it; needs path order. */
class TreeFilter {
  #open: string[] = []

  /** A run of a tree that nothing is taken from: all up to this path went through with their parents. */
  passAll(last: string): void {
    this.#open = [...ancestorsOf(last), last]
  }

  pass(znode: Znode, into: Znode[]): void {
    const parent = parentPath(znode.path)
    for (let top = this.#open.at(-1); top !== undefined && !isWithin(znode.path, top); top = this.#open.at(-1)) {
      this.#open.pop()
    }
    if (znode.path !== ROOT && this.#open.at(-1) !== parent) return
    this.#open.push(znode.path)
    into.push(znode)
  }
}

export async function* streamOf(znodes: readonly Znode[], unreadable: readonly UnreadableZnode[] = []): ZnodeStream {
  const size = 1000
  for (let start = 0; start < znodes.length; start += size) {
    yield { znodes: znodes.slice(start, start + size), unreadable: start === 0 ? unreadable : [] }
  }
  if (znodes.length === 0 && unreadable.length > 0) yield { znodes: [], unreadable }
}

export async function* joinStreams(streams: Iterable<ZnodeStream>): ZnodeStream {
  for (const stream of streams) yield* stream
}
