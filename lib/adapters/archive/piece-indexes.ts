import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { isArkeeperError } from '../../base/errors.ts'
import { invariant } from '../../base/invariant.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import type { ByteSource } from './byte-source.ts'
import { isErrnoError, toArchiveError } from './errors.ts'
import { openContent } from './file-form.ts'
import { type LogSegment, segmentIndex } from './log-segment.ts'
import { type HashPath, hashPath, type PathHash } from './path-hash.ts'
import {
  fencesOf,
  filterOf,
  HEADER_BYTES,
  type IndexHead,
  type IndexPart,
  isInFilter,
  isSoundPage,
  type MinuteCount,
  minutesOf,
  PAGE_BYTES,
  pageOffset,
  parseMinutes,
  readHeader,
  TOUCH_BYTES,
  TOUCHES_A_PAGE,
} from './piece-index.ts'
import { PieceIndexBuilder } from './piece-index-builder.ts'
import { readSegment } from './read-segments.ts'
import { tempName } from './temp-dir.ts'
import { writeNewFile } from './write-file.ts'

/** Of filters, and of indexes that could not be put back. Filters beyond it are not kept: a page is read instead. */
const KEPT_BYTES_MAX = 64 << 20
const KEPT_MAX = 10_000

interface KeptIndex {
  readonly sha256: string
  readonly head: IndexHead
  /** Upper half of the first hash of each page. */
  readonly fences: Uint32Array
  readonly filter: Buffer | null
  /** Where it could not be put back. */
  readonly whole: Buffer | null
  readonly keptBytes: number
}

/** Something of the index is not as its checksum says. */
const DAMAGED = Symbol('damaged')

/**
 * The indexes of pieces, each checked against its piece when it is met. One that is missing, stale or damaged is made anew from the piece
 * and put back. What is small of them stays in memory, so that a piece that does not hold a path mostly costs no reading.
 */
export class PieceIndexes {
  readonly #hash: HashPath
  readonly #keys: AgeKeys
  readonly #kept = new Map<string, KeptIndex>()
  #keptBytes = 0

  constructor(hash: HashPath = hashPath, keys: AgeKeys = NO_KEYS) {
    this.#hash = hash
    this.#keys = keys
  }

  hashOf(path: string): PathHash {
    const bytes = Buffer.from(path)
    return this.#hash(bytes, 0, bytes.length)
  }

  /** Where in the unpacked piece the frames lie of the entries that may touch the path, last first. */
  async findOffsets(dir: string, segment: LogSegment, hash: PathHash, signal?: AbortSignal): Promise<number[]> {
    return this.#use(dir, segment, signal, async (index, file) => {
      if (index.filter !== null && !isInFilter(index.filter, hash)) return []
      return readOffsets(index, file, hash)
    })
  }

  /** Transactions a minute, in order of time. */
  async readMinutes(dir: string, segment: LogSegment, signal?: AbortSignal): Promise<MinuteCount[]> {
    return this.#use(dir, segment, signal, async (index, file) => {
      const bytes = await readPart(index.whole, file, minutesOf(index.head))
      return crc32(bytes) === index.head.minutesChecksum ? parseMinutes(bytes) : DAMAGED
    })
  }

  /** How many transactions of the piece have a record that could not be read. */
  async countUndecoded(dir: string, segment: LogSegment, signal?: AbortSignal): Promise<number> {
    return this.#use(dir, segment, signal, async ({ head }) => head.undecoded)
  }

  async #use<T>(
    dir: string,
    segment: LogSegment,
    signal: AbortSignal | undefined,
    work: (index: KeptIndex, file: LazyPart) => Promise<T | typeof DAMAGED>,
  ): Promise<T> {
    const path = segmentIndex(dir, segment)
    const file = segment.sealed === undefined ? new LazyFile(path) : new LazySealed(path, this.#keys)
    try {
      const index = this.#findKept(path, segment) ?? (await this.#read(path, segment, file))
      const found = index === null ? DAMAGED : await work(index, file)
      if (found !== DAMAGED) return found
    } catch (error) {
      if (error instanceof AgeError ? error.code !== 'CIPHERTEXT_DAMAGED' : !isMissing(error)) {
        throw toArchiveError(error, `reading ${path}`)
      }
    } finally {
      await file.close()
    }
    const made = await this.#rebuild(dir, segment, signal)
    const found = await work(made, file)
    invariant(found !== DAMAGED, 'an index just made is sound')
    return found
  }

  #findKept(path: string, segment: LogSegment): KeptIndex | null {
    const kept = this.#kept.get(path)
    return kept?.sha256 === segment.sha256 ? kept : null
  }

  async #read(path: string, segment: LogSegment, file: LazyPart): Promise<KeptIndex | null> {
    const head = readHeader(await file.read({ offset: 0, bytes: HEADER_BYTES }), segment)
    if (head === null) return null
    const fences = await file.read(fencesOf(head))
    if (crc32(fences) !== head.fencesChecksum) return null
    const filterPart = filterOf(head)
    let filter: Buffer | null = null
    if (this.#keptBytes + filterPart.bytes <= KEPT_BYTES_MAX) {
      filter = await file.read(filterPart)
      if (crc32(filter) !== head.filterChecksum) return null
    }
    return this.#keep(path, {
      sha256: segment.sha256,
      head,
      fences: parseFences(fences),
      filter,
      whole: null,
      keptBytes: filter?.length ?? 0,
    })
  }

  /** Throws what reading the piece throws. */
  async #rebuild(dir: string, segment: LogSegment, signal: AbortSignal | undefined): Promise<KeptIndex> {
    const builder = new PieceIndexBuilder(this.#hash)
    for await (const batch of readSegment(dir, segment, { signal, keys: this.#keys })) {
      for (const entry of batch) builder.add(entry, entry.frame.from)
    }
    const whole = builder.finish(segment)
    const head = readHeader(whole, segment)
    invariant(head !== null, 'an index just made is sound')
    const path = segmentIndex(dir, segment)
    // Nothing is put in the clear beside what is encrypted.
    const isBack = segment.sealed === undefined && (await putBack(path, whole))
    const fences = fencesOf(head)
    const index = {
      sha256: segment.sha256,
      head,
      fences: parseFences(whole.subarray(fences.offset, fences.offset + fences.bytes)),
      filter: null,
    }
    const isKept = !isBack && this.#keptBytes + whole.length <= KEPT_BYTES_MAX
    const made = { ...index, whole, keptBytes: whole.length }
    return isKept ? this.#keep(path, made) : made
  }

  #keep(path: string, index: KeptIndex): KeptIndex {
    this.#drop(path)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT_MAX) break
      this.#drop(oldest)
    }
    this.#kept.set(path, index)
    this.#keptBytes += index.keptBytes
    return index
  }

  #drop(path: string): void {
    this.#keptBytes -= this.#kept.get(path)?.keptBytes ?? 0
    this.#kept.delete(path)
  }
}

async function readOffsets(index: KeptIndex, file: LazyPart, hash: PathHash): Promise<number[] | typeof DAMAGED> {
  const { head, fences, whole } = index
  const last = fences.findLastIndex((fence) => fence <= hash.high)
  if (last < 0) return []
  // What has the same hash may begin in the page before the first that begins with it.
  const first = Math.max(fences.findIndex((fence) => fence >= hash.high) - 1, 0)
  const from = fences[last]! < hash.high ? last : first
  const pages = await readPart(whole, file, {
    offset: pageOffset(head, from),
    bytes: (last - from + 1) * PAGE_BYTES,
  })
  const offsets: number[] = []
  for (let page = from; page <= last; page++) {
    const bytes = pages.subarray((page - from) * PAGE_BYTES, (page - from + 1) * PAGE_BYTES)
    if (!isSoundPage(bytes, head, page)) return DAMAGED
    const touches = Math.min(head.touches - page * TOUCHES_A_PAGE, TOUCHES_A_PAGE)
    for (let at = 0; at < touches * TOUCH_BYTES; at += TOUCH_BYTES) {
      if (bytes.readUInt32BE(at) === hash.high) offsets.push(bytes.readUInt32BE(at + 4))
    }
  }
  return offsets.reverse()
}

function parseFences(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(i * 4))
}

async function readPart(whole: Buffer | null, file: LazyPart, part: IndexPart): Promise<Buffer> {
  return whole === null ? file.read(part) : whole.subarray(part.offset, part.offset + part.bytes)
}

interface LazyPart {
  read(part: IndexPart): Promise<Buffer>
  close(): Promise<void>
}

function isMissing(error: unknown): boolean {
  return (isErrnoError(error) && error.code === 'ENOENT') || (isArkeeperError(error) && error.code === 'NOT_FOUND')
}

/** As LazyFile, of an encrypted index. */
class LazySealed implements LazyPart {
  readonly #path: string
  readonly #keys: AgeKeys
  #source: ByteSource | null = null

  constructor(path: string, keys: AgeKeys) {
    this.#path = path
    this.#keys = keys
  }

  async read({ offset, bytes }: IndexPart): Promise<Buffer> {
    this.#source ??= await openContent(this.#path, this.#keys)
    const from = Math.min(offset, this.#source.bytes)
    return this.#source.read(from, Math.min(bytes, this.#source.bytes - from))
  }

  async close(): Promise<void> {
    const source = this.#source
    this.#source = null
    await source?.close()
  }
}

/** Opened by the first read. What lies behind its end comes out short, and is told by checksums. */
class LazyFile implements LazyPart {
  readonly #path: string
  #handle: FileHandle | null = null

  constructor(path: string) {
    this.#path = path
  }

  async read({ offset, bytes }: IndexPart): Promise<Buffer> {
    this.#handle ??= await open(this.#path, 'r')
    const target = Buffer.alloc(bytes)
    const { bytesRead } = await this.#handle.read(target, 0, bytes, offset)
    return target.subarray(0, bytesRead)
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }
}

/** Only a convenience for the next who asks: a store that may not be written to is no fault. */
async function putBack(path: string, index: Buffer): Promise<boolean> {
  const aside = join(dirname(path), tempName())
  try {
    await writeNewFile(aside, index)
    await rename(aside, path)
    return true
  } catch (error) {
    if (!isErrnoError(error)) throw error
    await rm(aside, { force: true })
    return false
  }
}
