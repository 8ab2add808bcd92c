import { decodeJuteText } from '../../base/bytes.ts'
import { comparePaths } from '../znode/order.ts'
import { type SnapshotError, snapshotFault } from './errors.ts'
import { orderFault } from './path-order.ts'
import type { RecordCursor } from './record.ts'

const SLASH = 47
const NON_ASCII = 0x80
const SUFFIX_DIGITS = 10

export interface RecordOrderEvents {
  /** The number of children of a znode whose subtree goes on past the block that it began in. */
  onClose?(path: string, children: number): void
  /** A parent whose next sequential child's number is not told by its children: see SequenceCounters. */
  onCounter?(path: string, next: number): void
}

/** Where a record's path lies. */
type PathAt = Pick<RecordCursor, 'bytes' | 'base' | 'pathStart' | 'pathEnd'>

/**
 * PathOrder and SequenceCounters over records as they lie: the same judgement, without a text for each path. Only what a path does not share
 * with the one before is looked at. Memory: a few numbers per level of depth.
 */
export class RecordOrder {
  readonly #events: RecordOrderEvents
  /** The path before; its ancestors are what is open. Length -1: none yet. */
  #previous = Buffer.alloc(1024)
  #previousBytes = -1
  #depth = 0
  // One entry per open znode: where its path ends, children so far, whether it is reported, its counter, whether a child has a sequence number.
  #ends = new Int32Array(64)
  #children = new Int32Array(64)
  #kept = new Uint8Array(64)
  #next = new Int32Array(64)
  #sequential = new Uint8Array(64)

  constructor(events: RecordOrderEvents = {}) {
    this.#events = events
  }

  /**
   * Takes the next path. `startsBlock`: what is open then is reported by `onClose`. `counter`: the znode's persisted cversion. Throws SnapshotError
   * BAD_PATH, OUT_OF_ORDER, DUPLICATE_PATH or MISSING_PARENT.
   */
  enter(at: PathAt, startsBlock = false, counter = 0): void {
    const { bytes, pathStart: start, pathEnd: end } = at
    const length = end - start
    const previous = this.#previous
    const before = this.#previousBytes
    if (length === 0 || before < 0) {
      if (length !== 0 || before >= 0) throw this.#fault(at)
      this.#push(at, 0, counter)
      return
    }
    const shared = length < before ? length : before
    let same = 0
    while (same < shared && bytes[start + same] === previous[same]) same++
    let slash = length - 1
    while (slash >= 0 && bytes[start + slash] !== SLASH) slash--
    // The name of an own child or sibling of what came before: all in front of its slash is shared, and was looked at then.
    if (slash < 0 || slash > same || slash === length - 1) throw this.#fault(at)
    if (slash < before && (same === slash || !this.#isAfter(at, same, slash))) throw this.#fault(at)
    while (this.#depth > 0 && this.#ends[this.#depth - 1]! > slash) this.#close()
    if (startsBlock) this.#kept.fill(1, 0, this.#depth)
    const parent = this.#depth - 1
    this.#children[parent]!++
    if (this.#next[parent] !== 0 && hasSequenceSuffix(bytes, start + slash + 1, end)) this.#sequential[parent] = 1
    this.#push(at, same, counter)
  }

  /** Closes everything: call once after the last path. */
  finish(): void {
    while (this.#depth > 0) this.#close()
  }

  /** Whether the path comes behind its last sibling: both begin with what lies before `same`, and their names behind `slash`. */
  #isAfter({ bytes, pathStart, pathEnd }: PathAt, same: number, slash: number): boolean {
    const previous = this.#previous
    const before = this.#previousBytes
    const theirs = same < before ? previous[same]! : SLASH
    const ours = pathStart + same < pathEnd ? bytes[pathStart + same]! : 0
    const around = previous[same - 1]! | theirs | ours
    if (around < NON_ASCII) return pathStart + same < pathEnd && (theirs === SLASH || ours > theirs)
    // Texts are compared where bytes are not ASCII: what is no UTF-8 has an order as a text only.
    let siblingEnd = slash + 1
    while (siblingEnd < before && previous[siblingEnd] !== SLASH) siblingEnd++
    return decodeJuteText(bytes, pathStart, pathEnd) > decodeJuteText(previous, 0, siblingEnd)
  }

  #push({ bytes, pathStart, pathEnd }: PathAt, same: number, counter: number): void {
    const length = pathEnd - pathStart
    if (length > this.#previous.length) {
      const grown = Buffer.alloc(length * 2)
      this.#previous.copy(grown)
      this.#previous = grown
    }
    for (let i = same; i < length; i++) this.#previous[i] = bytes[pathStart + i]!
    this.#previousBytes = length
    const depth = this.#depth++
    if (depth === this.#ends.length) this.#grow()
    this.#ends[depth] = length
    this.#children[depth] = 0
    this.#kept[depth] = 0
    this.#next[depth] = counter
    this.#sequential[depth] = 0
  }

  #close(): void {
    const depth = --this.#depth
    const children = this.#children[depth]!
    const next = this.#next[depth]!
    if (this.#kept[depth] === 1) this.#events.onClose?.(this.#pathOf(depth), children)
    if (next === 0 || (this.#sequential[depth] === 0 && next > 0 && next <= children)) return
    this.#events.onCounter?.(this.#pathOf(depth), next)
  }

  #pathOf(depth: number): string {
    return decodeJuteText(this.#previous, 0, this.#ends[depth]!) || '/'
  }

  #grow(): void {
    const wider = <T extends Int32Array | Uint8Array>(old: T, wide: T) => {
      wide.set(old)
      return wide
    }
    const size = this.#ends.length * 2
    this.#ends = wider(this.#ends, new Int32Array(size))
    this.#children = wider(this.#children, new Int32Array(size))
    this.#next = wider(this.#next, new Int32Array(size))
    this.#kept = wider(this.#kept, new Uint8Array(size))
    this.#sequential = wider(this.#sequential, new Uint8Array(size))
  }

  #fault({ bytes, base, pathStart, pathEnd }: PathAt): SnapshotError {
    const text = decodeJuteText(bytes, pathStart, pathEnd)
    const path = text || '/'
    const wrong = text === '' ? null : whatIsWrong(text)
    if (wrong !== null) {
      const found = `${wrong} in ${JSON.stringify(text.slice(0, 80))}`
      return snapshotFault('BAD_PATH', { offset: base + pathStart, expected: 'an absolute path', found })
    }
    const previous = this.#previousBytes < 0 ? null : decodeJuteText(this.#previous, 0, this.#previousBytes) || '/'
    return orderFault(path, previous, previous === null ? -1 : comparePaths(previous, path))
  }
}

function whatIsWrong(path: string): string | null {
  if (path[0] !== '/') return 'no slash in front'
  if (path.includes('//')) return 'an empty name'
  return path.endsWith('/') ? 'a slash at the end' : null
}

/** `%010d`, which is longer than ten characters only below zero. */
function hasSequenceSuffix(bytes: Uint8Array, nameStart: number, end: number): boolean {
  const from = end - SUFFIX_DIGITS
  if (from < nameStart) return false
  for (let at = end - 1; at >= from; at--) {
    const byte = bytes[at]!
    if (byte >= 48 && byte <= 57) continue
    return at === from && byte === 45
  }
  return true
}
