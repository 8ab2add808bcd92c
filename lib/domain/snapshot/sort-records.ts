import { decodeJuteText } from '../../base/bytes.ts'
import { comparePaths } from '../znode/order.ts'

const SLASH = 47
const NON_ASCII = 0x80
/** A byte and the end of the path are one digit of this base; four digits and a place of 20 bits fit a double. */
const DIGITS = 257
const PLACES = 1 << 20
/** Few enough that comparing them costs less than keys. */
const FEW = 6

/** Where records begin: the length of the path, then the path. */
type Starts = Int32Array

/** The starts of the first `count` records of `starts` in path order. `isAscii`: all paths are. At most 2^20 records. */
export function sortRecords(bytes: Buffer, starts: Starts, count: number, isAscii: boolean): Starts {
  const sorted = starts.slice(0, count)
  if (isAscii) new RadixSort(bytes, sorted).run(0, count, 0)
  else sortByText(bytes, sorted)
  return sorted
}

function sortByText(bytes: Buffer, sorted: Starts): void {
  const places = Array.from(sorted, (start) => {
    const end = start + 4 + bytes.readInt32BE(start)
    return { start, path: decodeJuteText(bytes, start + 4, end) }
  })
  places.sort((a, b) => comparePaths(a.path, b.path))
  for (const [i, { start }] of places.entries()) sorted[i] = start
}

/**
 * Paths of one run share most of what they begin with. So of each group, what all share is passed over, and the next four bytes are sorted as numbers,
 * which runs at the speed of the machine; what is still equal is a group again.
 */
class RadixSort {
  readonly #bytes: Buffer
  readonly #list: Starts
  readonly #keys: Float64Array
  readonly #spare: Starts

  constructor(bytes: Buffer, list: Starts) {
    this.#bytes = bytes
    this.#list = list
    this.#keys = new Float64Array(list.length)
    this.#spare = new Int32Array(list.length)
  }

  /** Sorts [from, to), whose paths have `depth` bytes in common. */
  run(from: number, to: number, depth: number): void {
    if (to - from <= FEW) {
      this.#insert(from, to, depth)
      return
    }
    const at = this.#passShared(from, to, depth)
    const keys = this.#keys.subarray(from, to)
    const list = this.#list
    const spare = this.#spare
    for (let i = from; i < to; i++) {
      keys[i - from] = this.#keyAt(list[i]!, at) * PLACES + (i - from)
      spare[i] = list[i]!
    }
    keys.sort()
    const groups: number[] = []
    let groupFrom = from
    let groupKey = -1
    for (let i = from; i < to; i++) {
      const value = keys[i - from]!
      const key = Math.floor(value / PLACES)
      list[i] = spare[from + (value - key * PLACES)]!
      if (key === groupKey) continue
      if (i - groupFrom > 1 && groupKey % DIGITS !== 0) groups.push(groupFrom, i)
      groupFrom = i
      groupKey = key
    }
    // Where the fourth byte is behind the end, equal ones are the same path.
    if (to - groupFrom > 1 && groupKey % DIGITS !== 0) groups.push(groupFrom, to)
    for (let i = 0; i < groups.length; i += 2) this.run(groups[i]!, groups[i + 1]!, at + 4)
  }

  #passShared(from: number, to: number, depth: number): number {
    const bytes = this.#bytes
    const first = this.#list[from]! + 4
    let shared = bytes.readInt32BE(first - 4)
    for (let i = from + 1; i < to && shared > depth; i++) {
      const other = this.#list[i]! + 4
      const length = bytes.readInt32BE(other - 4)
      if (length < shared) shared = length
      let same = depth
      while (same < shared && bytes[first + same] === bytes[other + same]) same++
      shared = same
    }
    return shared > depth ? shared : depth
  }

  #keyAt(start: number, at: number): number {
    const bytes = this.#bytes
    const end = start + 4 + bytes.readInt32BE(start)
    let key = 0
    for (let i = start + 4 + at, k = 0; k < 4; i++, k++) key = key * DIGITS + (i < end ? digitOf(bytes[i]!) : 0)
    return key
  }

  #insert(from: number, to: number, depth: number): void {
    const list = this.#list
    for (let i = from + 1; i < to; i++) {
      const start = list[i]!
      let k = i - 1
      for (; k >= from && this.#isAfter(list[k]!, start, depth); k--) list[k + 1] = list[k]!
      list[k + 1] = start
    }
  }

  #isAfter(a: number, b: number, depth: number): boolean {
    const bytes = this.#bytes
    const aBytes = bytes.readInt32BE(a)
    const bBytes = bytes.readInt32BE(b)
    const shared = aBytes < bBytes ? aBytes : bBytes
    for (let i = 4 + depth; i < 4 + shared; i++) {
      if (bytes[a + i] !== bytes[b + i]) return digitOf(bytes[a + i]!) > digitOf(bytes[b + i]!)
    }
    return aBytes > bBytes
  }
}

/** Above the end of a path (0) comes the slash, then all others in their order. */
function digitOf(byte: number): number {
  return byte > SLASH ? byte + 1 : byte === SLASH ? 1 : byte + 2
}

/** As comparePaths, of paths as they lie; the root is empty. */
export function comparePathBytes(
  a: Buffer,
  [aStart, aEnd]: readonly [start: number, end: number],
  b: Buffer,
  [bStart, bEnd]: readonly [start: number, end: number],
): number {
  const aBytes = aEnd - aStart
  const bBytes = bEnd - bStart
  const shared = aBytes < bBytes ? aBytes : bBytes
  let i = 0
  while (i < shared && a[aStart + i] === b[bStart + i]) i++
  const x = i < aBytes ? a[aStart + i]! : 0
  const y = i < bBytes ? b[bStart + i]! : 0
  const before = i > 0 ? a[aStart + i - 1]! : 0
  if ((x | y | before) >= NON_ASCII) {
    return comparePaths(decodeJuteText(a, aStart, aEnd), decodeJuteText(b, bStart, bEnd))
  }
  if (i === shared) return aBytes - bBytes
  return digitOf(x) - digitOf(y)
}
