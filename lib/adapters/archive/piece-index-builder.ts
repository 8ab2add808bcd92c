import { crc32 } from 'node:zlib'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import { visitTouched } from '../../domain/txnlog/visit-touched.ts'
import type { LogSegment } from './log-segment.ts'
import { type HashPath, hashPath, type PathHash } from './path-hash.ts'
import {
  addToFilter,
  fencesOf,
  filterOf,
  type IndexHead,
  type IndexPart,
  indexBytes,
  MINUTE_BYTES,
  MINUTE_MS,
  minutesOf,
  PAGE_BYTES,
  PATHS_A_FILTER_BLOCK,
  pageOffset,
  TOUCH_BYTES,
  TOUCHES_A_PAGE,
  writeHeader,
  writePage,
} from './piece-index.ts'

const UINT32_MAX = 0xffff_ffff
const ROOM_START = 1 << 12
/** Half of a 64-bit element that holds its upper 32 bits: so that elements sort as numbers on every machine. */
const HIGH_HALF = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 1 : 0

/** Collects what the transactions of one piece touch, in the order of the log, and gives its index. */
export class PieceIndexBuilder {
  readonly #hash: HashPath
  #touches = 0
  /** Upper half of the path's hash, then the offset of the entry's frame in the unpacked piece. */
  #keys = new BigUint64Array(ROOM_START)
  #halves = new Uint32Array(this.#keys.buffer)
  #lows = new Uint32Array(ROOM_START)
  readonly #minutes = new Map<number, { count: number; readonly first: bigint }>()
  #undecoded = 0

  constructor(hash: HashPath = hashPath) {
    this.#hash = hash
  }

  /** `rawOffset`: of the entry's frame in the unpacked piece. */
  add(entry: TxnEntry, rawOffset: number): void {
    const minute = Math.min(Math.max(Math.floor(entry.timeMs / MINUTE_MS), 0), UINT32_MAX)
    const known = this.#minutes.get(minute)
    if (known) known.count++
    else this.#minutes.set(minute, { count: 1, first: entry.zxid })
    try {
      visitTouched(entry, (bytes, from, to) => this.#push(this.#hash(bytes, from, to), rawOffset))
    } catch (error) {
      // Its bytes are archived as the server wrote them; only what they mean is not known.
      if (!(error instanceof TxnLogError)) throw error
      this.#undecoded++
    }
  }

  finish(segment: LogSegment): Buffer {
    const keys = this.#sortedKeys()
    const pages = Math.ceil(keys.length / TOUCHES_A_PAGE)
    const filterBlocks = Math.ceil(countHashes(keys) / PATHS_A_FILTER_BLOCK)
    const facts = { touches: keys.length, pages, minutes: this.#minutes.size, filterBlocks, undecoded: this.#undecoded }
    const shape: IndexHead = { ...facts, checksum: 0, fencesChecksum: 0, minutesChecksum: 0, filterChecksum: 0 }
    const target = Buffer.alloc(indexBytes(shape))
    const part = ({ offset, bytes }: IndexPart) => target.subarray(offset, offset + bytes)
    const [fences, minutes, filter] = [part(fencesOf(shape)), part(minutesOf(shape)), part(filterOf(shape))]
    for (let page = 0; page < pages; page++) {
      fences.writeUInt32BE(Number(keys[page * TOUCHES_A_PAGE]! >> 32n), page * 4)
    }
    this.#writeMinutes(minutes)
    for (let i = 0; i < this.#touches; i++) {
      addToFilter(filter, { high: this.#halves[2 * i + HIGH_HALF]!, low: this.#lows[i]! })
    }
    const checksum = writeHeader(target, segment, {
      ...facts,
      fencesChecksum: crc32(fences),
      minutesChecksum: crc32(minutes),
      filterChecksum: crc32(filter),
    })
    for (let page = 0; page < pages; page++) {
      const bytes = part({ offset: pageOffset(shape, page), bytes: PAGE_BYTES }).fill(0xff)
      const own = keys.subarray(page * TOUCHES_A_PAGE, (page + 1) * TOUCHES_A_PAGE)
      for (const [i, key] of own.entries()) bytes.writeBigUInt64BE(key, i * TOUCH_BYTES)
      writePage(bytes, { checksum }, page)
    }
    return target
  }

  #push({ high, low }: PathHash, rawOffset: number): void {
    const at = this.#touches++
    if (at === this.#keys.length) this.#grow()
    this.#halves[2 * at + HIGH_HALF] = high
    this.#halves[2 * at + 1 - HIGH_HALF] = rawOffset
    this.#lows[at] = low
  }

  #grow(): void {
    const keys = new BigUint64Array(this.#keys.length * 2)
    keys.set(this.#keys)
    this.#keys = keys
    this.#halves = new Uint32Array(keys.buffer)
    const lows = new Uint32Array(keys.length)
    lows.set(this.#lows)
    this.#lows = lows
  }

  /** Each once: a multi may touch a znode several times. */
  #sortedKeys(): BigUint64Array {
    const keys = this.#keys.slice(0, this.#touches).sort()
    let kept = 0
    for (const key of keys) if (kept === 0 || keys[kept - 1] !== key) keys[kept++] = key
    return keys.subarray(0, kept)
  }

  #writeMinutes(target: Buffer): void {
    let at = 0
    for (const [minute, { count, first }] of [...this.#minutes].sort(([a], [b]) => a - b)) {
      target.writeUInt32BE(minute, at)
      target.writeUInt32BE(count, at + 4)
      target.writeBigInt64BE(first, at + 8)
      at += MINUTE_BYTES
    }
  }
}

function countHashes(keys: BigUint64Array): number {
  let count = 0
  let last = -1n
  for (const key of keys) {
    const high = key >> 32n
    if (high !== last) count++
    last = high
  }
  return count
}
