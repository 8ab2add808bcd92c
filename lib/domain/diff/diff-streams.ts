import { throwIfAborted } from '../../base/errors.ts'
import { comparePaths } from '../znode/order.ts'
import { isSystemPath, isWithin, SYSTEM_ROOT } from '../znode/path.ts'
import type { Znode, ZnodeStream } from '../znode/znode.ts'
import type { Change, DiffCounts, DiffOptions } from './change.ts'
import { differingFields } from './compare-znodes.ts'
import { SideCursor } from './internal/side-cursor.ts'

export interface Diff {
  /**
   * Batches of changes in path order, at least one change each. Ends the streams when it is ended early.
   * Throws ZnodeError OUT_OF_ORDER for a stream that is not sorted, CancelledError, and whatever a stream throws.
   */
  readonly changes: AsyncGenerator<readonly Change[], void, void>
  /** Live counters; final once `changes` has ended. */
  counts(): Readonly<DiffCounts>
}

/**
 * Merge-join of two sorted trees: the changes that turn `before` into `after`. One pass, memory of a few batches.
 * A place that one side could not read hides the other side's znodes at and below it: they are neither added nor removed.
 */
export function diffStreams(before: ZnodeStream, after: ZnodeStream, options: DiffOptions = {}): Diff {
  const join = new MergeJoin(before, after, options)
  return { changes: join.run(), counts: () => ({ ...join.counts }) }
}

class MergeJoin {
  readonly counts: DiffCounts = { added: 0, removed: 0, changed: 0, compared: 0, ephemeralSkipped: 0, unreadable: 0 }
  private readonly before: SideCursor
  private readonly after: SideCursor
  private readonly roots: readonly string[] | null
  private readonly options: DiffOptions
  private pending: Change[] = []

  constructor(before: ZnodeStream, after: ZnodeStream, options: DiffOptions) {
    this.options = options
    this.roots = options.roots ?? null
    this.before = new SideCursor('before', before)
    this.after = new SideCursor('after', after)
  }

  async *run(): AsyncGenerator<readonly Change[], void, void> {
    try {
      for (;;) {
        if (this.before.isDrained() || this.after.isDrained()) {
          // Changes hold on to their batches: handing them over before the next read keeps memory at a few batches.
          if (this.pending.length > 0) {
            yield this.pending
            this.pending = []
          }
          throwIfAborted(this.options.signal)
          await Promise.all([this.before.fill(), this.after.fill()])
        }
        if (this.before.isEnded() && this.after.isEnded()) break
        this.joinLoaded()
      }
      this.passUnreadable(null)
    } finally {
      await Promise.all([this.before.close(), this.after.close()])
    }
  }

  /** Works until one side needs its next batch. Synchronous: nothing here costs a promise per znode. */
  private joinLoaded(): void {
    const { before, after } = this
    while (!before.isDrained() && !after.isDrained()) {
      const x = before.head()
      const y = after.head()
      if (x === null && y === null) return
      const order = x === null ? 1 : y === null ? -1 : x.path === y.path ? 0 : comparePaths(x.path, y.path)
      if (order === 0) {
        before.take()
        after.take(before)
        this.joinPair(x!, y!)
      } else if (order < 0) {
        before.take()
        this.joinSingle(x!, after, 'removed')
      } else {
        after.take()
        this.joinSingle(y!, before, 'added')
      }
    }
  }

  private joinPair(x: Znode, y: Znode): void {
    if (this.before.hasUnreadable || this.after.hasUnreadable) this.passUnreadable(x.path)
    if (this.isLeftOut(x.path)) return
    const ephemeral = x.kind === 'ephemeral' || y.kind === 'ephemeral'
    const fields = differingFields(x, y)
    if (this.options.onCounterAhead && y.stat.cversion > x.stat.cversion) this.options.onCounterAhead(x, y)
    if (this.options.onKindUntold && isKindUntold(x, y)) this.options.onKindUntold(x, y)
    if (ephemeral && !this.options.includeEphemerals) {
      if (fields.length > 0) this.counts.ephemeralSkipped++
      return
    }
    this.counts.compared++
    if (fields.length === 0) return
    this.counts.changed++
    this.pending.push({ path: x.path, change: 'changed', fields, ephemeral, before: x, after: y })
  }

  private joinSingle(znode: Znode, other: SideCursor, change: 'added' | 'removed'): void {
    if (this.before.hasUnreadable || this.after.hasUnreadable) {
      this.passUnreadable(znode.path)
      if (other.isHidden(znode.path)) return
    }
    if (this.isLeftOut(znode.path)) return
    const ephemeral = znode.kind === 'ephemeral'
    if (ephemeral && !this.options.includeEphemerals) {
      this.counts.ephemeralSkipped++
      return
    }
    this.counts.compared++
    this.counts[change]++
    this.pending.push({
      path: znode.path,
      change,
      fields: [],
      ephemeral,
      before: change === 'removed' ? znode : null,
      after: change === 'added' ? znode : null,
    })
  }

  /** Brings both sides' unreadable places up to `path` (null: all that is left) and counts each path once. */
  private passUnreadable(path: string | null): void {
    for (;;) {
      const x = this.before.nextUnreadable(path)
      const y = this.after.nextUnreadable(path)
      if (x === null && y === null) return
      const order = x === null ? 1 : y === null ? -1 : comparePaths(x.path, y.path)
      const place = order <= 0 ? x! : y!
      const counted = !this.isLeftOut(place.path) || this.roots?.some((root) => isWithin(root, place.path))
      if (counted) this.counts.unreadable++
      if (order <= 0) {
        this.before.passUnreadable()
        if (counted) this.options.onUnreadable?.('before', x!)
      }
      if (order >= 0) {
        this.after.passUnreadable()
        if (counted) this.options.onUnreadable?.('after', y!)
      }
    }
  }

  private isLeftOut(path: string): boolean {
    if (!this.options.includeSystem && path.startsWith(SYSTEM_ROOT) && isSystemPath(path)) return true
    return this.roots !== null && !this.roots.some((root) => isWithin(path, root))
  }
}

function isKindUntold(x: Znode, y: Znode): boolean {
  if (x.kind === 'unknown') return y.kind === 'container' || y.kind === 'ttl'
  return y.kind === 'unknown' && (x.kind === 'container' || x.kind === 'ttl')
}
