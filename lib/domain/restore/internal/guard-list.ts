import { comparePaths } from '../../znode/order.ts'
import type { LiveExpectation } from '../plan.ts'

type Present = Extract<LiveExpectation, { kind: 'present' }>

export interface Guarded {
  readonly path: string
  readonly expect: Present
  /** A number that its owner keeps with it. */
  readonly note: number
}

const PAGE_ENTRIES = 4096
const FIRST_BYTES = 16 * 1024
/** version, aversion, note. */
const NUMBERS = 3

/**
 * Paths with their guards, as bytes: about 24 bytes beside the path, where objects would take ten times that. Plans and undos of a
 * million steps hold two of these until their end. In pages, so that growing copies nothing and leaves nothing behind.
 */
export class GuardList {
  private readonly pages: GuardPage[] = []
  private count = 0
  private last = ''
  private isAscending = true

  get length(): number {
    return this.count
  }

  add(path: string, expect: Present, note = 0): void {
    if (this.count % PAGE_ENTRIES === 0) {
      this.pages.at(-1)?.seal()
      this.pages.push(new GuardPage())
    }
    this.pages.at(-1)!.add(path, expect, note)
    if (this.count > 0 && this.isAscending) this.isAscending = comparePaths(this.last, path) <= 0
    this.count++
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
    return this.pages[Math.floor(at / PAGE_ENTRIES)]!.entry(at % PAGE_ENTRIES)
  }

  private path(at: number): string {
    return this.pages[Math.floor(at / PAGE_ENTRIES)]!.path(at % PAGE_ENTRIES)
  }
}

class GuardPage {
  private text = Buffer.allocUnsafeSlow(FIRST_BYTES)
  private textBytes = 0
  private readonly czxids = new BigInt64Array(PAGE_ENTRIES)
  private readonly numbers = new Int32Array(PAGE_ENTRIES * NUMBERS)
  /** Where the path of an entry ends in the text. */
  private readonly ends = new Uint32Array(PAGE_ENTRIES)
  private count = 0

  add(path: string, { czxid, version, aversion }: Present, note: number): void {
    const bytes = Buffer.byteLength(path)
    if (this.textBytes + bytes > this.text.length) this.resize(Math.max(this.text.length * 2, this.textBytes + bytes))
    this.textBytes += this.text.write(path, this.textBytes)
    const at = this.count++
    this.ends[at] = this.textBytes
    this.czxids[at] = czxid
    this.numbers[at * NUMBERS] = version
    this.numbers[at * NUMBERS + 1] = aversion
    this.numbers[at * NUMBERS + 2] = note
  }

  /** Full: no more room is kept than is used. */
  seal(): void {
    this.resize(this.textBytes)
  }

  entry(at: number): Guarded {
    const czxid = this.czxids[at] ?? 0n
    const [version = 0, aversion = 0, note = 0] = this.numbers.subarray(at * NUMBERS, (at + 1) * NUMBERS)
    return { path: this.path(at), expect: { kind: 'present', czxid, version, aversion }, note }
  }

  path(at: number): string {
    return this.text.toString('utf8', at === 0 ? 0 : this.ends[at - 1], this.ends[at])
  }

  private resize(bytes: number): void {
    const text = Buffer.allocUnsafeSlow(bytes)
    this.text.copy(text, 0, 0, this.textBytes)
    this.text = text
  }
}
