import type { FollowGap, FollowSink, GapReason } from '../../adapters/archive/live/follow-sink.ts'
import { counterOf, epochOf } from '../../domain/txnlog/continuity.ts'
import type { FollowEvent } from './follow.ts'

/** Whether a tree that came whole is what the transactions before it had come to. */
export type Likeness = 'same' | 'other' | 'unknown'

/**
 * What a stream has missed. A leader's whole tree is no gap by itself: right after an election leaders send it to whoever has everything. Then no
 * number is missing, and only the tree tells, once all of it is here: until then the sink has the gap as a possible one.
 */
export class FollowGaps {
  readonly #sink: FollowSink
  readonly #onEvent: (event: FollowEvent) => void
  #count = 0
  #doubt: FollowGap | null = null

  constructor(sink: FollowSink, onEvent: (event: FollowEvent) => void) {
    this.#sink = sink
    this.#onEvent = onEvent
  }

  /** On record in the sink, or possible. */
  get count(): number {
    return this.#count
  }
  get isInDoubt(): boolean {
    return this.#doubt !== null
  }

  /** What the sink says that it has. */
  takeUp(count: number): void {
    this.#count = count
  }

  /** The leader's tree at `to` takes the place of what ends at `last`. */
  async note({ last, to, ...facts }: { last: bigint; to: bigint; why: GapReason; atMs: number }): Promise<void> {
    await this.settle('unknown')
    // The number that an epoch begins with is no transaction.
    const isCertain = facts.why === 'restored' || counterOf(to) > 0n || epochOf(to) <= epochOf(last)
    const gap: FollowGap = { from: last + 1n, to, ...facts, isCertain }
    await this.#sink.gap(gap)
    this.#count++
    if (isCertain) this.#onEvent({ kind: 'gap', ...gap })
    else this.#doubt = gap
  }

  async settle(likeness: Likeness): Promise<void> {
    const gap = this.#doubt
    if (gap === null) return
    this.#doubt = null
    if (likeness === 'same') {
      await this.#sink.noGap(gap)
      this.#count--
      return
    }
    const settled = { ...gap, isCertain: likeness === 'other' }
    if (settled.isCertain) await this.#sink.gap(settled)
    this.#onEvent({ kind: 'gap', ...settled })
  }
}
