import { crc32 } from 'node:zlib'
import type { LogSegment } from './log-segment.ts'
import type { PathHash } from './path-hash.ts'

/** The layout is in FORMAT.md: header, fences, minutes, filter, pages of touches. Numbers are big-endian. */
export const INDEX_MAGIC = 0x414b4c49
export const INDEX_VERSION = 1
export const HEADER_BYTES = 100
export const PAGE_BYTES = 4096
export const TOUCH_BYTES = 8
export const TOUCHES_A_PAGE = (PAGE_BYTES - TOUCH_BYTES) / TOUCH_BYTES
export const MINUTE_BYTES = 16
export const MINUTE_MS = 60_000
export const FILTER_BLOCK_BYTES = 64
/** About nine bits a path: of thirty pieces that do not hold it one is looked into. */
export const PATHS_A_FILTER_BLOCK = 56
const PROBES = [0, 9, 18] as const

/** Transactions of one minute by the leader's clock, and the first of them in the piece. */
export interface MinuteCount {
  readonly startMs: number
  readonly count: number
  readonly first: bigint
}

/** What stands in front of the filter and the pages; small enough to be kept in memory. */
export interface IndexHead {
  readonly touches: number
  readonly pages: number
  readonly minutes: number
  readonly filterBlocks: number
  /** Transactions whose record could not be read: what they touched is not known. */
  readonly undecoded: number
  /** Seed of the pages' checksums, so that a page of another index is not taken for one of this. */
  readonly checksum: number
  readonly fencesChecksum: number
  readonly minutesChecksum: number
  readonly filterChecksum: number
}

/** Of one part of the index: where it lies, and how long it is. */
export interface IndexPart {
  readonly offset: number
  readonly bytes: number
}

export function fencesOf(head: IndexHead): IndexPart {
  return { offset: HEADER_BYTES, bytes: head.pages * 4 }
}

export function minutesOf(head: IndexHead): IndexPart {
  return { offset: HEADER_BYTES + head.pages * 4, bytes: head.minutes * MINUTE_BYTES }
}

export function filterOf(head: IndexHead): IndexPart {
  const { offset, bytes } = minutesOf(head)
  return { offset: offset + bytes, bytes: head.filterBlocks * FILTER_BLOCK_BYTES }
}

export function pageOffset(head: IndexHead, page: number): number {
  const { offset, bytes } = filterOf(head)
  return offset + bytes + page * PAGE_BYTES
}

export function indexBytes(head: IndexHead): number {
  return pageOffset(head, head.pages)
}

export function writeHeader(target: Buffer, segment: LogSegment, head: Omit<IndexHead, 'checksum'>): number {
  target.writeUInt32BE(INDEX_MAGIC, 0)
  target.writeUInt32BE(INDEX_VERSION, 4)
  target.writeBigUInt64BE(BigInt(segment.bytes), 8)
  target.write(segment.sha256, 16, 'hex')
  target.writeBigInt64BE(segment.first, 48)
  target.writeBigInt64BE(segment.last, 56)
  target.writeUInt32BE(head.touches, 64)
  target.writeUInt32BE(head.pages, 68)
  target.writeUInt32BE(head.minutes, 72)
  target.writeUInt32BE(head.filterBlocks, 76)
  target.writeUInt32BE(head.undecoded, 80)
  target.writeUInt32BE(head.fencesChecksum, 84)
  target.writeUInt32BE(head.minutesChecksum, 88)
  target.writeUInt32BE(head.filterChecksum, 92)
  const checksum = crc32(target.subarray(0, HEADER_BYTES - 4))
  target.writeUInt32BE(checksum, HEADER_BYTES - 4)
  return checksum
}

/** Null: damaged, of another version, or of another piece than this. */
export function readHeader(bytes: Buffer, segment: LogSegment): IndexHead | null {
  if (bytes.length < HEADER_BYTES) return null
  if (bytes.readUInt32BE(0) !== INDEX_MAGIC || bytes.readUInt32BE(4) !== INDEX_VERSION) return null
  const checksum = crc32(bytes.subarray(0, HEADER_BYTES - 4))
  if (bytes.readUInt32BE(HEADER_BYTES - 4) !== checksum) return null
  if (bytes.readBigUInt64BE(8) !== BigInt(segment.bytes) || bytes.toString('hex', 16, 48) !== segment.sha256)
    return null
  return {
    touches: bytes.readUInt32BE(64),
    pages: bytes.readUInt32BE(68),
    minutes: bytes.readUInt32BE(72),
    filterBlocks: bytes.readUInt32BE(76),
    undecoded: bytes.readUInt32BE(80),
    fencesChecksum: bytes.readUInt32BE(84),
    minutesChecksum: bytes.readUInt32BE(88),
    filterChecksum: bytes.readUInt32BE(92),
    checksum,
  }
}

export function writePage(target: Buffer, head: { readonly checksum: number }, page: number): void {
  const end = PAGE_BYTES - TOUCH_BYTES
  target.writeUInt32BE(page, end)
  target.writeUInt32BE(crc32(target.subarray(0, end + 4), head.checksum), end + 4)
}

export function isSoundPage(bytes: Buffer, head: IndexHead, page: number): boolean {
  const end = PAGE_BYTES - TOUCH_BYTES
  return (
    bytes.length === PAGE_BYTES &&
    bytes.readUInt32BE(end) === page &&
    bytes.readUInt32BE(end + 4) === crc32(bytes.subarray(0, end + 4), head.checksum)
  )
}

export function addToFilter(filter: Buffer, hash: PathHash): void {
  const block = filterBlockOf(filter, hash)
  for (const shift of PROBES) {
    const bit = (hash.high >>> shift) & 511
    filter[block + (bit >> 3)]! |= 1 << (bit & 7)
  }
}

/** False: the piece does not touch the path. True: it may. */
export function isInFilter(filter: Buffer, hash: PathHash): boolean {
  if (filter.length === 0) return false
  const block = filterBlockOf(filter, hash)
  return PROBES.every((shift) => {
    const bit = (hash.high >>> shift) & 511
    return (filter[block + (bit >> 3)]! & (1 << (bit & 7))) !== 0
  })
}

function filterBlockOf(filter: Buffer, { low }: PathHash): number {
  return (low % (filter.length / FILTER_BLOCK_BYTES)) * FILTER_BLOCK_BYTES
}

export function parseMinutes(bytes: Buffer): MinuteCount[] {
  const minutes: MinuteCount[] = []
  for (let at = 0; at < bytes.length; at += MINUTE_BYTES) {
    minutes.push({
      startMs: bytes.readUInt32BE(at) * MINUTE_MS,
      count: bytes.readUInt32BE(at + 4),
      first: bytes.readBigInt64BE(at + 8),
    })
  }
  return minutes
}
