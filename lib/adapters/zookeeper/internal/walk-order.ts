import { invariant } from '../../../base/invariant.ts'
import type { Acl } from '../../../domain/znode/acl.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { ancestorsOf, isWithin, joinPath, ROOT } from '../../../domain/znode/path.ts'
import type { UnreadableZnode, Znode, ZnodeBatch, ZnodeStat } from '../../../domain/znode/znode.ts'

export interface WalkLimits {
  /** Znodes asked for or read, and not yet handed out; exceeded by at most one batch for each level of depth. */
  readonly znodesMax: number
  /** Data bytes of those. */
  readonly bytesMax: number
  /** Names of children that are known and not yet asked for. */
  readonly namesMax: number
}

export const WALK_LIMITS: WalkLimits = { znodesMax: 16_384, bytesMax: 24 * 1024 * 1024, namesMax: 100_000 }

/** A list above this many names is held by itself: at most one is fetched ahead of the place that the reader has reached. */
const LARGE_LIST = 20_000
/** Part of the window that is open to reads beyond everything asked for so far; the rest is for filling gaps before it. */
const EXTENDING_SHARE = 0.75
/** Rough cost of a name in a list reply, for the size of a batch. */
const NAME_BYTES = 24
/** Memory of a read znode beside its data. */
const ENTRY_BYTES = 256

/**
 * `entry`: a znode to read. `unlisted`: children of a read znode, names not known. `rest`: names known, not yet asked for.
 * One class for the three, so that the hot list stays of one shape.
 */
export class WalkItem {
  kind: 'entry' | 'unlisted' | 'rest'
  /** Of the znode; of the parent for the other two kinds. */
  readonly path: string
  prev: WalkItem | null = null
  next: WalkItem | null = null

  // entry
  state: 'asked' | 'read' | 'unreadable' | 'gone' = 'asked'
  /** Only on the way to a root: read, but not listed. */
  readonly isScaffold: boolean
  readonly isRoot: boolean
  znode: Znode | null = null
  unreadable: UnreadableZnode | null = null
  /** Parts of the znode until all of them have come. */
  data: Uint8Array | null = null
  stat: ZnodeStat | null = null
  acl: Acl | null = null
  numChildren = 0
  attempts = 0

  // unlisted, rest
  names: readonly string[] = []
  position = 0
  /** Names this list counts for in the budget. */
  budget = 0
  /** Where this work stands in path order: nothing before it is left to ask for under this parent. */
  workPath = ''
  /** Children to take at once from this parent; grows while they are small. */
  stride = 16

  constructor(
    kind: 'entry' | 'unlisted' | 'rest',
    path: string,
    place: { isScaffold?: boolean; isRoot?: boolean } = {},
  ) {
    this.kind = kind
    this.path = path
    this.isScaffold = place.isScaffold ?? false
    this.isRoot = place.isRoot ?? false
  }
}

/** What to ask for next, in path order. */
export interface WalkWork {
  readonly entries: readonly WalkItem[]
  readonly lists: readonly WalkItem[]
}

/**
 * The order of a walk, without any network: what to ask next, what may be handed out. Everything known is one list in path order; work not
 * yet asked for is also in a heap by path order, and the earliest is always taken first. The item that the front of the list
 * waits for is allowed whatever the limits say, so the walk cannot lock itself up.
 */
export class WalkOrder {
  private head: WalkItem | null = null
  /**
   * Everything before it is a finished znode; null when all is. Only moves on (advance), so that what is ready is never counted
   * twice: with a full window that count would cost more than the reading.
   */
  private front: WalkItem | null = null
  private readyZnodes = 0
  private readyBytes = 0
  private readonly heap: WalkItem[] = []
  private readonly limits: WalkLimits
  private readonly skipName: (parent: string, name: string) => boolean

  /** Asked for or read, not handed out. */
  private heldZnodes = 0
  private heldBytes = 0
  private asked = 0
  private heldNames = 0
  private largeLists = 0
  private furthest = ''
  /** Read again, because two parts of a znode did not belong together. */
  private again: WalkItem[] = []

  constructor(
    roots: readonly string[],
    options: { limits?: WalkLimits; scaffold: boolean; skipName?: (parent: string, name: string) => boolean },
  ) {
    this.limits = options.limits ?? WALK_LIMITS
    this.skipName = options.skipName ?? (() => false)
    const places = planRoots(roots, options.scaffold)
    let last: WalkItem | null = null
    for (const place of places) {
      const item = new WalkItem('entry', place.path, place)
      if (last === null) this.head = item
      else this.insertAfter(last, item)
      last = item
      this.again.push(item)
      this.heldZnodes++
    }
    this.front = this.head
  }

  get isDone(): boolean {
    return this.head === null
  }

  /** Reads asked for and not answered. */
  get outstanding(): number {
    return this.asked
  }

  /** The next work that may be asked for now, at most `max` reads and about `bytesTarget` bytes of reply; null when there is none. */
  take(batch: { max: number; averageBytes: number; bytesTarget: number }): WalkWork | null {
    const entries: WalkItem[] = []
    const lists: WalkItem[] = []
    let expected = 0
    while (this.again.length > 0 && entries.length < batch.max) {
      const item = this.again.shift()
      if (!item) break
      entries.push(item)
      this.asked++
      this.noteFurthest(item.path)
      expected += batch.averageBytes
    }
    while (
      entries.length + lists.length < batch.max &&
      (expected < batch.bytesTarget || entries.length + lists.length === 0)
    ) {
      const item = this.heap[0]
      if (!item || !this.isAllowed(item, batch.averageBytes)) break
      if (item.kind === 'unlisted') {
        const cost = item.budget * NAME_BYTES
        if (entries.length + lists.length > 0 && expected + cost > batch.bytesTarget) break
        this.popWork()
        this.holdNames(item)
        lists.push(item)
        this.asked++
        expected += cost
      } else {
        const room = Math.max(1, Math.floor((batch.bytesTarget - expected) / batch.averageBytes))
        const count = Math.min(batch.max - entries.length - lists.length, item.stride, room)
        this.askNext(item, count, entries)
        expected += count * batch.averageBytes
      }
    }
    return entries.length + lists.length > 0 ? { entries, lists } : null
  }

  /** The znode of an entry that was asked for is complete. */
  resolveRead(item: WalkItem, znode: Znode, numChildren: number): void {
    this.asked--
    item.state = 'read'
    item.znode = znode
    item.data = null
    item.stat = null
    item.acl = null
    this.heldBytes += costOf(znode)
    if (numChildren <= 0 || item.isScaffold) return
    const children = new WalkItem('unlisted', item.path)
    children.budget = numChildren
    children.workPath = item.path
    this.insertAfter(item, children)
    this.pushWork(children)
  }

  resolveUnreadable(item: WalkItem, unreadable: UnreadableZnode): void {
    this.asked--
    item.state = 'unreadable'
    item.unreadable = unreadable
  }

  resolveGone(item: WalkItem): void {
    this.asked--
    item.state = 'gone'
  }

  /** Ask again for an entry whose parts did not belong together. */
  retry(item: WalkItem): void {
    this.asked--
    this.again.push(item)
  }

  /** Names of the children of an `unlisted` item, in any order. */
  resolveList(item: WalkItem, names: string[]): void {
    this.asked--
    this.releaseNames(item)
    // The built-in order of strings, by code unit, is the order of compareNames, at a third of the time for a wide parent.
    const kept = names.filter((name) => !this.skipName(item.path, name)).sort()
    if (kept.length === 0) {
      this.unlink(item)
      return
    }
    item.kind = 'rest'
    item.names = kept
    item.position = 0
    item.budget = kept.length
    item.workPath = joinPath(item.path, kept[0] ?? '')
    this.holdNames(item)
    this.pushWork(item)
  }

  /** The list could not be read: what is below is unknown. Reported in the place where it would have been. */
  resolveListUnreadable(item: WalkItem, unreadable: UnreadableZnode): void {
    this.asked--
    this.releaseNames(item)
    item.kind = 'entry'
    item.state = 'unreadable'
    item.unreadable = unreadable
    this.heldZnodes++
  }

  /** The parent vanished before it was listed. */
  resolveListGone(item: WalkItem): void {
    this.asked--
    this.releaseNames(item)
    this.unlink(item)
  }

  /** Up to `znodesMax` finished znodes from the front; null when fewer than that are ready and more is to come. */
  drain(limit: { znodesMax: number; bytesMax: number }): ZnodeBatch | null {
    this.advance()
    if (this.readyZnodes < limit.znodesMax && this.readyBytes < limit.bytesMax && this.front !== null) return null
    const znodes: Znode[] = []
    const unreadable: UnreadableZnode[] = []
    let bytes = 0
    let taken = 0
    for (; this.head !== this.front && taken < limit.znodesMax && bytes < limit.bytesMax; taken++) {
      const first = this.head
      invariant(first !== null, 'the front of the walk has what was counted')
      if (first.znode) {
        bytes += costOf(first.znode)
        znodes.push(first.znode)
      } else if (first.unreadable) unreadable.push(first.unreadable)
      this.unlink(first)
    }
    this.heldBytes -= bytes
    this.heldZnodes -= taken
    this.readyBytes -= bytes
    this.readyZnodes -= taken
    return { znodes, unreadable }
  }

  private askNext(rest: WalkItem, count: number, entries: WalkItem[]): void {
    const end = Math.min(rest.position + count, rest.names.length)
    for (; rest.position < end; rest.position++) {
      const path = joinPath(rest.path, rest.names[rest.position] ?? '')
      const entry = new WalkItem('entry', path)
      this.insertBefore(rest, entry)
      entries.push(entry)
      this.asked++
      this.heldZnodes++
    }
    const last = entries[entries.length - 1]
    if (last) this.noteFurthest(last.path)
    rest.stride = Math.min(rest.stride * 2, 1024)
    if (rest.position >= rest.names.length) {
      this.popWork()
      this.releaseNames(rest)
      this.unlink(rest)
      return
    }
    if (rest.budget <= LARGE_LIST) {
      const left = rest.names.length - rest.position
      this.heldNames -= rest.budget - left
      rest.budget = left
    }
    rest.workPath = joinPath(rest.path, rest.names[rest.position] ?? '')
    this.siftDown(0)
  }

  private isAllowed(item: WalkItem, averageBytes: number): boolean {
    return this.isWithinLimits(item, averageBytes) || item === this.findFront()
  }

  private isWithinLimits(item: WalkItem, averageBytes: number): boolean {
    if (item.kind === 'unlisted') {
      return item.budget > LARGE_LIST ? this.largeLists === 0 : this.heldNames + item.budget <= this.limits.namesMax
    }
    if (this.heldZnodes >= this.limits.znodesMax) return false
    if (this.heldBytes + this.asked * averageBytes >= this.limits.bytesMax) return false
    if (this.heldZnodes < this.limits.znodesMax * EXTENDING_SHARE) return true
    return comparePaths(item.workPath, this.furthest) < 0
  }

  /** What handing out waits for: the first item that is not a finished znode. */
  private findFront(): WalkItem | null {
    this.advance()
    return this.front
  }

  private advance(): void {
    let item = this.front
    while (item !== null && item.kind === 'entry' && item.state !== 'asked') {
      this.readyZnodes++
      if (item.znode) this.readyBytes += costOf(item.znode)
      item = item.next
    }
    this.front = item
  }

  private noteFurthest(path: string): void {
    if (this.furthest === '' || comparePaths(path, this.furthest) > 0) this.furthest = path
  }

  private holdNames(item: WalkItem): void {
    if (item.budget > LARGE_LIST) this.largeLists++
    else this.heldNames += item.budget
  }

  private releaseNames(item: WalkItem): void {
    if (item.budget > LARGE_LIST) this.largeLists--
    else this.heldNames -= item.budget
    item.budget = 0
  }

  private insertAfter(place: WalkItem, item: WalkItem): void {
    item.prev = place
    item.next = place.next
    if (place.next) place.next.prev = item
    place.next = item
  }

  private insertBefore(place: WalkItem, item: WalkItem): void {
    item.next = place
    item.prev = place.prev
    if (place.prev) place.prev.next = item
    else this.head = item
    place.prev = item
    if (place === this.front) this.front = item
  }

  private unlink(item: WalkItem): void {
    if (item === this.front) this.front = item.next
    if (item.prev) item.prev.next = item.next
    else this.head = item.next
    if (item.next) item.next.prev = item.prev
    item.prev = null
    item.next = null
  }

  private pushWork(item: WalkItem): void {
    const heap = this.heap
    let at = heap.push(item) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (!parent || comparePaths(parent.workPath, item.workPath) <= 0) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = item
  }

  private popWork(): void {
    const last = this.heap.pop()
    if (!last || this.heap.length === 0) return
    this.heap[0] = last
    this.siftDown(0)
  }

  private siftDown(from: number): void {
    const heap = this.heap
    const item = heap[from]
    if (!item) return
    let at = from
    for (;;) {
      let childAt = at * 2 + 1
      let child = heap[childAt]
      if (!child) break
      const right = heap[childAt + 1]
      if (right && comparePaths(right.workPath, child.workPath) < 0) {
        child = right
        childAt++
      }
      if (comparePaths(item.workPath, child.workPath) <= 0) break
      heap[at] = child
      at = childAt
    }
    heap[at] = item
  }
}

function costOf(znode: Znode): number {
  return ENTRY_BYTES + (znode.data?.length ?? 0)
}

export interface RootPlace {
  readonly path: string
  readonly isRoot: boolean
  readonly isScaffold: boolean
}

/** Roots in path order without those inside another; with `scaffold` also the way to them, so that an archive of them can be loaded. */
export function planRoots(roots: readonly string[], scaffold: boolean): RootPlace[] {
  const kept: string[] = []
  for (const root of [...new Set(roots)].sort(comparePaths)) {
    const last = kept.at(-1)
    if (last === undefined || !isWithin(root, last)) kept.push(root)
  }
  const places = new Map<string, RootPlace>()
  for (const root of kept) {
    for (const path of scaffold ? ancestorsOf(root) : []) {
      if (!places.has(path)) places.set(path, { path, isRoot: false, isScaffold: true })
    }
    places.set(root, { path: root, isRoot: true, isScaffold: false })
  }
  if (kept.length === 0) return [{ path: ROOT, isRoot: true, isScaffold: false }]
  return [...places.values()].sort((a, b) => comparePaths(a.path, b.path))
}
