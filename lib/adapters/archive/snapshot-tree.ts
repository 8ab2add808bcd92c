import { throwIfAborted } from '../../base/errors.ts'
import { invariant } from '../../base/invariant.ts'
import { type AclTable, RecordCursor } from '../../domain/snapshot/record.ts'
import { ZnodeError } from '../../domain/znode/errors.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { isSystemPath, isWithin, joinPath, nameOf, parentPath, parsePath, ROOT } from '../../domain/znode/path.ts'
import type { ChildrenPage, ChildSummary, SubtreeOptions, TreeReader, ZnodeReading } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, Znode, ZnodeKind, ZnodeStream } from '../../domain/znode/znode.ts'
import type { ByteSource } from './byte-source.ts'
import { ArchiveError } from './errors.ts'
import { readAhead, readSpan } from './read-blocks.ts'
import type { SnapshotIndex } from './snapshot-index.ts'

const CACHED_BLOCKS = 8
const BATCH_ZNODES = 1000
const PAGE_MAX = 1000

export interface SnapshotTreeInput {
  /** For messages. */
  readonly name: string
  readonly source: ByteSource
  readonly index: SnapshotIndex
  readonly acls: AclTable
  /** `unknown` where the snapshot was made by a client walk, which cannot tell what an owner-less znode is. */
  readonly ownerless: 'persistent' | 'unknown'
  /** Places that the backup could not read, in any order. */
  readonly unreadable: readonly string[]
  /** From another tool's file: an empty ACL list is one that the file does not say, and without data too the znode is only known to be there. */
  readonly hasGaps?: boolean
}

/** Where a record may start: block number and position in its raw bytes. */
interface Spot {
  readonly block: number
  readonly at: number
}

/** A cursor that stands on a record of a block. */
interface Found {
  readonly block: number
  readonly cursor: RecordCursor
  readonly path: string
}

/**
 * A snapshot in path order seen as a tree, through its index: any znode costs one block, a page of children the blocks it lies in, a
 * subtree its own blocks. Memory: eight blocks kept, four read ahead per running stream.
 */
export class SnapshotTree implements TreeReader {
  readonly #input: SnapshotTreeInput
  readonly #unreadable: readonly string[]
  readonly #cache = new Map<number, Promise<Buffer>>()
  #closed = false

  constructor(input: SnapshotTreeInput) {
    this.#input = input
    this.#unreadable = [...input.unreadable].sort(comparePaths)
  }

  async get(path: string, options: { signal?: AbortSignal } = {}): Promise<ZnodeReading> {
    const found = await this.#find(parsePath(path), options.signal)
    if (found === null) return this.#absence(path)
    const znode = this.#toZnode(found.cursor, path)
    return { kind: 'found', znode, numChildren: this.#passSubtree(found).children }
  }

  async listChildren(
    path: string,
    page: { after?: string; limit: number; signal?: AbortSignal },
  ): Promise<ChildrenPage> {
    const parent = await this.#find(parsePath(path), page.signal)
    if (parent === null) return this.#absence(path)
    const limit = Math.min(Math.max(1, Math.trunc(page.limit) || 1), PAGE_MAX)
    const children: ChildSummary[] = []
    let spot: Spot | null = { block: parent.block, at: parent.cursor.end }
    if (page.after !== undefined) spot = await this.#seekPast(joinPath(path, page.after), page.signal)
    const total = this.#passSubtree(parent).children
    while (spot !== null) {
      const child: Found | null = await this.#recordAt(spot, page.signal)
      if (child === null || child.path === path || !isWithin(child.path, path)) break
      if (children.length === limit) return { kind: 'page', children, total, next: children.at(-1)!.name }
      const { cursor } = child
      const stat = cursor.stat()
      const row = { dataLength: cursor.dataBytes, mtime: stat.mtime, mzxid: stat.mzxid, pzxid: stat.pzxid }
      const kind = cursor.kind()
      const below = this.#passSubtree(child)
      children.push({
        name: nameOf(child.path),
        kind: kind === 'persistent' ? this.#ownerlessKind(child.path) : kind,
        numChildren: below.children,
        ...row,
      })
      spot = below.next ?? (await this.#seekPast(child.path, page.signal))
    }
    return { kind: 'page', children, total, next: null }
  }

  async *readSubtree(root: string, options: SubtreeOptions = {}): ZnodeStream & AsyncGenerator {
    const { signal } = options
    parsePath(root)
    this.#assertOpen()
    const skipSystem = !options.includeSystem && !isSystemPath(root)
    const hidden = this.#unreadable.filter((path) => isWithin(path, root) && !(skipSystem && isSystemPath(path)))
    const start = await this.#find(root, signal)
    if (start === null) {
      const absence = this.#absence(root)
      if (absence.kind !== 'unreadable')
        throw new ZnodeError('NO_NODE', `${root} does not exist in ${this.#input.name}`)
      yield { znodes: [], unreadable: [{ path: root, reason: absence.reason, message: absence.message }] }
      return
    }
    const { source, index } = this.#input
    // Not through the cache, which a long stream would empty of what the pages need; but what is there is taken from it.
    const read = (block: number) => this.#cache.get(block) ?? readSpan(source, index, index.blocks[block]!)
    const raws = readAhead(this.#blocksFrom(start.block, root), read, signal)
    const cursor = new RecordCursor()
    let number = start.block
    let at = start.cursor.start
    let told = 0
    const unreadableUpTo = (last: string | null): UnreadableZnode[] => {
      const from = told
      while (told < hidden.length && (last === null || comparePaths(hidden[told]!, last) < 0)) told++
      return hidden.slice(from, told).map(toUnreadable)
    }
    for await (const raw of raws) {
      cursor.base = index.blocks[number++]?.rawOffset ?? 0
      let znodes: Znode[] = []
      let inside = true
      while (inside && cursor.read(raw, at, raw.length) === 'record') {
        const path = cursor.path()
        inside = isWithin(path, root)
        at = cursor.end
        if (!inside || (skipSystem && isSystemPath(path))) continue
        znodes.push(this.#toZnode(cursor, path))
        if (znodes.length === BATCH_ZNODES) {
          yield { znodes, unreadable: unreadableUpTo(path) }
          throwIfAborted(signal)
          znodes = []
        }
      }
      const last = znodes.at(-1)
      if (last) yield { znodes, unreadable: unreadableUpTo(last.path) }
      if (!inside) break
      at = 0
    }
    const rest = unreadableUpTo(null)
    if (rest.length > 0) yield { znodes: [], unreadable: rest }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#cache.values())
    this.#cache.clear()
    await this.#input.source.close()
  }

  #absence(path: string): Extract<ZnodeReading, { kind: 'missing' | 'unreadable' }> {
    const hidden = this.#unreadable.find((place) => isWithin(path, place))
    return hidden === undefined ? { kind: 'missing' } : { kind: 'unreadable', ...toUnreadable(hidden) }
  }

  #toZnode(cursor: RecordCursor, path: string): Znode {
    const znode = cursor.znode(path, this.#input.acls, this.#ownerlessKind(path))
    if (!this.#input.hasGaps || znode.acl.length > 0) return znode
    return { ...znode, unknown: znode.data === null ? 'content' : 'acl' }
  }

  #ownerlessKind(path: string): ZnodeKind {
    // The root and the built-in znodes are persistent on every server; a client needs not be told.
    return this.#input.ownerless === 'unknown' && path !== ROOT && !isSystemPath(path) ? 'unknown' : 'persistent'
  }

  /**
   * Counts the children of the record that `found` stands on and moves its cursor over what lies below, as far as the block goes.
   * `next` is the place behind the subtree; null when the subtree leaves the block (then the count comes from the index).
   */
  #passSubtree({ block, cursor, path }: Found): { children: number; next: Spot | null } {
    const known = this.#input.index.parents.get(path)
    if (known !== undefined) return { children: known, next: null }
    const raw = cursor.bytes
    let at = cursor.end
    let children = 0
    while (cursor.read(raw, at, raw.length) === 'record') {
      const below = cursor.path()
      if (!isWithin(below, path)) break
      if (parentPath(below) === path) children++
      at = cursor.end
    }
    return { children, next: { block, at } }
  }

  async #find(path: string, signal: AbortSignal | undefined): Promise<Found | null> {
    const block = this.#lastBlock((firstPath) => comparePaths(firstPath, path) <= 0)
    const found = block < 0 ? null : await this.#firstIn(block, (other) => comparePaths(other, path) >= 0, signal)
    return found?.path === path ? found : null
  }

  /** Place of the first record that lies after the whole subtree of `path`, which may be the end of everything. */
  async #seekPast(path: string, signal: AbortSignal | undefined): Promise<Spot> {
    const isPast = (other: string) => comparePaths(other, path) > 0 && !isWithin(other, path)
    const block = this.#lastBlock((firstPath) => !isPast(firstPath))
    const found = block < 0 ? null : await this.#firstIn(block, isPast, signal)
    return found ? { block, at: found.cursor.start } : { block: block + 1, at: 0 }
  }

  /** First record of a block that satisfies the condition. */
  async #firstIn(
    block: number,
    matches: (path: string) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<Found | null> {
    const raw = await this.#load(block, signal)
    const cursor = this.#cursorOf(block)
    for (let at = 0; cursor.read(raw, at, raw.length) === 'record'; at = cursor.end) {
      const path = cursor.path()
      if (matches(path)) return { block, cursor, path }
    }
    return null
  }

  /** The record at a place, or the first of the next block when the place is a block's end; null at the end of everything. */
  async #recordAt(spot: Spot, signal: AbortSignal | undefined): Promise<Found | null> {
    for (let { block, at } = spot; block < this.#input.index.blocks.length; block++, at = 0) {
      const raw = await this.#load(block, signal)
      const cursor = this.#cursorOf(block)
      if (cursor.read(raw, at, raw.length) === 'record') return { block, cursor, path: cursor.path() }
    }
    return null
  }

  #cursorOf(block: number): RecordCursor {
    const cursor = new RecordCursor()
    cursor.base = this.#input.index.blocks[block]?.rawOffset ?? 0
    return cursor
  }

  #load(number: number, signal: AbortSignal | undefined): Promise<Buffer> {
    this.#assertOpen()
    throwIfAborted(signal)
    const known = this.#cache.get(number)
    if (known !== undefined) {
      // Moved to the end: the first entry of the map is always the one used longest ago.
      this.#cache.delete(number)
      this.#cache.set(number, known)
      return known
    }
    const block = this.#input.index.blocks[number]
    invariant(block, `block ${number} is in the index`)
    const loading = readSpan(this.#input.source, this.#input.index, block)
    this.#cache.set(number, loading)
    loading.catch(() => this.#cache.delete(number))
    const oldest = this.#cache.keys().next().value
    if (this.#cache.size > CACHED_BLOCKS && oldest !== undefined) this.#cache.delete(oldest)
    return loading
  }

  /** Blocks from `first` on that can hold something within `root`. */
  *#blocksFrom(first: number, root: string): Generator<number> {
    const { blocks } = this.#input.index
    for (let i = first; i < blocks.length; i++) {
      if (i > first && !isWithin(blocks[i]!.firstPath, root)) return
      yield i
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ArchiveError('CLOSED', `${this.#input.name} was closed while it was being read`)
  }

  /** Last block whose first path satisfies a condition that holds for a leading part of the blocks; -1 when none does. */
  #lastBlock(holds: (firstPath: string) => boolean): number {
    const { blocks } = this.#input.index
    let low = -1
    let high = blocks.length
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if (holds(blocks[middle]!.firstPath)) low = middle
      else high = middle
    }
    return low
  }
}

function toUnreadable(path: string): UnreadableZnode {
  return { path, reason: 'error', message: 'it could not be read when the backup was taken' }
}
