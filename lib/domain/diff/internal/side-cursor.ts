import { ZnodeError } from '../../znode/errors.ts'
import { comparePaths } from '../../znode/order.ts'
import { isWithin } from '../../znode/path.ts'
import type { UnreadableZnode, Znode, ZnodeBatch, ZnodeStream } from '../../znode/znode.ts'
import type { DiffSide } from '../change.ts'

type Arrival = { readonly result: IteratorResult<ZnodeBatch> } | { readonly failure: unknown }

/** One side of the merge: the batch at hand, the next one on its way, the order checked, the unreadable places met so far. */
export class SideCursor {
  private readonly side: DiffSide
  private readonly iterator: AsyncIterator<ZnodeBatch>
  private arriving: Promise<Arrival> | null
  private znodes: readonly Znode[] = []
  private at = 0
  private ended = false
  private last: string | null = null
  private places: UnreadableZnode[] = []
  private placesAt = 0
  private hidden: string | null = null
  /** False as long as this side reported no unreadable place at all: the common case, kept out of the inner loop. */
  hasUnreadable = false

  constructor(side: DiffSide, stream: ZnodeStream) {
    this.side = side
    this.iterator = stream[Symbol.asyncIterator]()
    this.arriving = null
  }

  /** True when the batch at hand is used up and the stream has not said that it ended. */
  isDrained(): boolean {
    return this.at >= this.znodes.length && !this.ended
  }

  isEnded(): boolean {
    return this.ended && this.at >= this.znodes.length
  }

  /** Null only at the end of the stream. */
  head(): Znode | null {
    return this.znodes[this.at] ?? null
  }

  /** Moves past the head and checks that it came after its predecessor. `twin`: the other side, which has just checked the same path. */
  take(twin?: SideCursor): void {
    const path = this.znodes[this.at]!.path
    const known = twin !== undefined && this.last === twin.previous
    this.previous = this.last
    if (!known && this.last !== null && comparePaths(this.last, path) >= 0) throw this.outOfOrder(this.last, path)
    this.last = path
    this.at++
  }

  private previous: string | null = null

  async fill(): Promise<void> {
    while (this.isDrained()) {
      const arrival = await (this.arriving ?? this.request())
      this.arriving = null
      if ('failure' in arrival) {
        this.ended = true
        throw arrival.failure
      }
      if (arrival.result.done) {
        this.ended = true
        this.znodes = []
        this.at = 0
        return
      }
      this.accept(arrival.result.value)
      // The next batch is read while this one is compared.
      this.arriving = this.request()
    }
  }

  private request(): Promise<Arrival> {
    return this.iterator.next().then(
      (result) => ({ result }),
      (failure: unknown) => ({ failure }),
    )
  }

  private accept(batch: ZnodeBatch): void {
    this.znodes = batch.znodes
    this.at = 0
    if (batch.unreadable.length === 0) return
    this.hasUnreadable = true
    const added = [...batch.unreadable].sort((a, b) => comparePaths(a.path, b.path))
    const first = added[0]!.path
    // Later than this, something below it may already have been called absent.
    if (this.last !== null && comparePaths(first, this.last) < 0) throw this.outOfOrder(this.last, first)
    const left = this.places.slice(this.placesAt)
    this.places = left.length === 0 ? added : [...left, ...added].sort((a, b) => comparePaths(a.path, b.path))
    this.placesAt = 0
  }

  /** The first unreadable place at or before `path` (null: any) that was not passed yet. */
  nextUnreadable(path: string | null): UnreadableZnode | null {
    const place = this.places[this.placesAt]
    if (place === undefined) return null
    return path === null || comparePaths(place.path, path) <= 0 ? place : null
  }

  passUnreadable(): void {
    const { path } = this.places[this.placesAt++]!
    if (this.hidden === null || !isWithin(path, this.hidden)) this.hidden = path
  }

  /** True at and below the unreadable place passed last; a subtree is one contiguous run, so older ones are behind us. */
  isHidden(path: string): boolean {
    return this.hidden !== null && isWithin(path, this.hidden)
  }

  async close(): Promise<void> {
    if (this.arriving !== null) await this.arriving
    this.arriving = null
    await this.iterator.return?.()
  }

  private outOfOrder(previous: string, path: string): ZnodeError {
    return new ZnodeError(
      'OUT_OF_ORDER',
      `The ${this.side === 'before' ? 'first' : 'second'} tree is not in path order: "${path}" comes after "${previous}"`,
      { details: { side: this.side, previous, path }, remedy: 'verify the source that this tree was read from' },
    )
  }
}
