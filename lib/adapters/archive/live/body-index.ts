import { comparePaths } from '../../../domain/znode/order.ts'
import type { Span } from '../snapshot-index.ts'

/** Bytes of one run of records that is read to find one of them. */
export const RUN_BYTES = 16 << 10
/** Bytes that are read at a time by who goes through all. */
export const STRETCH_BYTES = 1 << 20

export interface Stretch {
  readonly offset: number
  readonly length: number
}

/** Where the records of a plain snapshot in path order lie: runs of about 16 KiB, each from one whole record to another. */
export class BodyIndex {
  readonly #offsets: number[] = []
  readonly #firstPaths: string[] = []
  #end = 0

  /** True when a record that begins at this offset begins a new run: then `begin` it. */
  isDue(offset: number): boolean {
    const last = this.#offsets.at(-1)
    return last === undefined || offset - last >= RUN_BYTES
  }

  begin(offset: number, path: string): void {
    this.#offsets.push(offset)
    this.#firstPaths.push(path)
  }

  /** Behind the last record. */
  finish(end: number): void {
    this.#end = end
  }

  get runs(): number {
    return this.#offsets.length
  }

  /** The run that holds a path, if any does; -1 when it would come before the first. */
  runOf(path: string): number {
    let low = -1
    let high = this.#firstPaths.length
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if (comparePaths(this.#firstPaths[middle]!, path) <= 0) low = middle
      else high = middle
    }
    return low
  }

  spanOf(run: number): Stretch {
    const offset = this.#offsets[run]!
    return { offset, length: (this.#offsets[run + 1] ?? this.#end) - offset }
  }

  /** All of it from a run on, about a MiB at a time. */
  *stretches(from = 0): Generator<Stretch> {
    for (let run = from; run < this.#offsets.length; ) {
      const offset = this.#offsets[run]!
      do run++
      while (run < this.#offsets.length && this.#offsets[run]! - offset < STRETCH_BYTES)
      yield { offset, length: (this.#offsets[run] ?? this.#end) - offset }
    }
  }
}

export type RecordBlocks = readonly Pick<Span, 'offset' | 'length'>[]
