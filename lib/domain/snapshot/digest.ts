import { crc32 } from 'node:zlib'

// Below this size the table loop beats a call into zlib (about 150 ns); above, zlib's vector code wins by far.
const NATIVE_FROM_BYTES = 192
const NON_ASCII = 0x80
const QUESTION_MARK = 0x3f

const TABLE = new Int32Array(4 * 256)
for (let i = 0; i < 256; i++) {
  let c = i
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  TABLE[i] = c
}
for (let i = 256; i < TABLE.length; i++) TABLE[i] = (TABLE[i - 256]! >>> 8) ^ TABLE[TABLE[i - 256]! & 255]!

function update(state: number, bytes: Uint8Array, start: number, end: number): number {
  let c = state
  let i = start
  for (; i + 4 <= end; i += 4) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    c = TABLE[768 + (c & 255)]! ^ TABLE[512 + ((c >>> 8) & 255)]! ^ TABLE[256 + ((c >>> 16) & 255)]! ^ TABLE[c >>> 24]!
  }
  for (; i < end; i++) c = TABLE[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return c
}

/** Where one node's fields lie in a buffer, as a snapshot record has them; `dataEnd` below `dataStart` stands for null data. */
export interface NodeFields {
  readonly pathStart: number
  readonly pathEnd: number
  readonly dataStart: number
  readonly dataEnd: number
  /** 60 bytes of StatPersisted. */
  readonly statAt: number
}

function addData(state: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= NATIVE_FROM_BYTES) return ~crc32(bytes.subarray(start, end), ~state >>> 0)
  return end > start ? update(state, bytes, start, end) : state
}

function addStat(state: number, bytes: Uint8Array, at: number): number {
  // czxid and mzxid, then pzxid (stored last), then the rest: DigestCalculator's order differs from StatPersisted's.
  let c = update(state, bytes, at, at + 16)
  c = update(c, bytes, at + 52, at + 60)
  c = update(c, bytes, at + 16, at + 52)
  return ~c >>> 0
}

function finish(afterPath: number, bytes: Buffer, at: NodeFields): number {
  return addStat(addData(afterPath, bytes, at.dataStart, at.dataEnd), bytes, at.statAt)
}

/** First half of a node's digest, over path and data: for who changes stats more often than data. The root's path is empty. */
export function digestState(path: Uint8Array, data: Uint8Array | null): number {
  const afterPath = update(-1, path, 0, path.length)
  return data === null ? afterPath : addData(afterPath, data, 0, data.length)
}

/** Second half, over the 60 bytes of StatPersisted at `at`: the node's digest. */
export function digestOfState(state: number, stat: Uint8Array, at: number): number {
  return addStat(state, stat, at)
}

/** The path as a server under an ASCII locale hashes it; null for an ASCII path, which is the same in both. */
export function asciiPathBytes(path: string): Uint8Array | null {
  let ascii: Uint8Array | null = null
  for (let i = 0; i < path.length; i++) {
    if (path.charCodeAt(i) < NON_ASCII) continue
    ascii ??= Buffer.from(path, 'latin1')
    ascii[i] = QUESTION_MARK
  }
  return ascii
}

/** Digest (version 2) of one node, unsigned 32 bits: CRC-32 over path bytes, data and 60 bytes of stat. The root's path is empty. */
export function nodeDigest(bytes: Buffer, at: NodeFields): number {
  return finish(update(-1, bytes, at.pathStart, at.pathEnd), bytes, at)
}

const SYSTEM_PREFIX = Buffer.from('/zookeeper/')

function isExcluded(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= SYSTEM_PREFIX.length) return false
  for (let i = 0; i < SYSTEM_PREFIX.length; i++) if (bytes[start + i] !== SYSTEM_PREFIX[i]) return false
  return true
}

/** Sum of non-negative integers below 2^32, modulo 2^64, without a bigint per addend. */
class Sum64 {
  #low = 0
  #high = 0n

  add(value: number): void {
    this.#low += value
    if (this.#low >= 0x10_0000_0000_0000) this.#fold()
  }

  value(): bigint {
    this.#fold()
    return this.#high
  }

  #fold(): void {
    this.#high = BigInt.asUintN(64, this.#high + BigInt(this.#low))
    this.#low = 0
  }
}

/**
 * ZooKeeper's tree digest, version 2: the sum of all node digests modulo 2^64, without what lies below /zookeeper (the znode itself
 * counts). Order-free. `asciiValue` is what a server on Java 17 or older under LANG=C computes: each UTF-16 unit outside ASCII as `?`.
 */
export class TreeDigest {
  readonly #sum = new Sum64()
  readonly #asciiDelta = { plus: new Sum64(), minus: new Sum64() }
  #scratch = Buffer.alloc(256)

  add(bytes: Buffer, at: NodeFields): void {
    if (isExcluded(bytes, at.pathStart, at.pathEnd)) return
    const digest = nodeDigest(bytes, at)
    this.#sum.add(digest)
    for (let i = at.pathStart; i < at.pathEnd; i++) {
      if (bytes[i]! >= NON_ASCII) {
        this.#asciiDelta.plus.add(this.#asciiDigest(bytes, at))
        this.#asciiDelta.minus.add(digest)
        return
      }
    }
  }

  value(): bigint {
    return this.#sum.value()
  }

  asciiValue(): bigint {
    return BigInt.asUintN(64, this.#sum.value() + this.#asciiDelta.plus.value() - this.#asciiDelta.minus.value())
  }

  #asciiDigest(bytes: Buffer, at: NodeFields): number {
    const path = bytes.toString('utf8', at.pathStart, at.pathEnd)
    if (this.#scratch.length < path.length) this.#scratch = Buffer.alloc(path.length * 2)
    for (let i = 0; i < path.length; i++) {
      const unit = path.charCodeAt(i)
      this.#scratch[i] = unit < NON_ASCII ? unit : QUESTION_MARK
    }
    return finish(update(-1, this.#scratch, 0, path.length), bytes, at)
  }
}
