import { comparePaths } from '../../znode/order.ts'
import type { LiveExpectation } from '../plan.ts'

type Present = Extract<LiveExpectation, { kind: 'present' }>

export interface Guarded {
  readonly path: string
  readonly expect: Present
  /** A number that its owner keeps with it. */
  readonly note: number
}

const FIRST_ENTRIES = 256
const FIRST_BYTES = 16 * 1024
/** version, aversion, note. */
const NUMBERS = 3

/**
 * Paths with their guards, as bytes: about 24 bytes beside the path, where objects would take ten times that. Plans and undos of
 * hundreds of thousands of steps hold two of these until their end.
 */
export class GuardList {
  private text = Buffer.allocUnsafe(FIRST_BYTES)
  private textBytes = 0
  private czxids = new BigInt64Array(FIRST_ENTRIES)
  private numbers = new Int32Array(FIRST_ENTRIES * NUMBERS)
  /** Where the path of an entry ends in the text. */
  private ends = new Float64Array(FIRST_ENTRIES)
  private count = 0
  private last = ''
  private isAscending = true

  get length(): number {
    return this.count
  }

  add(path: string, expect: Present, note = 0): void {
    if (this.count === this.czxids.length) this.growEntries()
    const bytes = Buffer.byteLength(path)
    if (this.textBytes + bytes > this.text.length) this.growText(bytes)
    this.textBytes += this.text.write(path, this.textBytes)
    const at = this.count++
    this.ends[at] = this.textBytes
    this.czxids[at] = expect.czxid
    this.numbers.set([expect.version, expect.aversion, note], at * NUMBERS)
    if (at > 0 && this.isAscending) this.isAscending = comparePaths(this.last, path) <= 0
    this.last = path
  }

  /** In path order; equal paths as they came. */
  *ascending(): Generator<Guarded, void, void> {
    const order = this.order()
    for (let i = 0; i < this.count; i++) yield this.entry(order?.[i] ?? i)
  }

  /** Children before their parents. */
  *descending(): Generator<Guarded, void, void> {
    const order = this.order()
    for (let i = this.count - 1; i >= 0; i--) yield this.entry(order?.[i] ?? i)
  }

  /** Null when they came in order, as they do where one run made them. */
  private order(): Uint32Array | null {
    if (this.isAscending) return null
    return Uint32Array.from({ length: this.count }, (_, at) => at).sort(
      (a, b) => comparePaths(this.path(a), this.path(b)) || a - b,
    )
  }

  private entry(at: number): Guarded {
    const czxid = this.czxids[at] ?? 0n
    const [version = 0, aversion = 0, note = 0] = this.numbers.subarray(at * NUMBERS, (at + 1) * NUMBERS)
    return { path: this.path(at), expect: { kind: 'present', czxid, version, aversion }, note }
  }

  private path(at: number): string {
    return this.text.toString('utf8', at === 0 ? 0 : this.ends[at - 1], this.ends[at])
  }

  private growEntries(): void {
    const size = this.count * 2
    const [czxids, numbers, ends] = [this.czxids, this.numbers, this.ends]
    this.czxids = new BigInt64Array(size)
    this.czxids.set(czxids)
    this.numbers = new Int32Array(size * NUMBERS)
    this.numbers.set(numbers)
    this.ends = new Float64Array(size)
    this.ends.set(ends)
  }

  private growText(bytes: number): void {
    const text = Buffer.allocUnsafe(Math.max(this.text.length * 2, this.textBytes + bytes))
    this.text.copy(text, 0, 0, this.textBytes)
    this.text = text
  }
}
