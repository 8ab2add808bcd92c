import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { mapAhead } from '../../base/map-ahead.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import { type AclCache, decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import { FRAME_HEAD_BYTES, TXN_HEADER_BYTES, TxnEntry } from '../../domain/txnlog/entry.ts'
import { listTouches } from '../../domain/txnlog/visit-touched.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { openContent } from './file-form.ts'
import { decompressMember } from './gzip-member.ts'
import type { FoundTouches, LogArchivePort, Touch, TouchBreak } from './log-archive.ts'
import { type LogBlock, type LogSegment, segmentFile } from './log-segment.ts'
import type { PathHash } from './path-hash.ts'
import type { PieceIndexes } from './piece-indexes.ts'
import { findFirsts } from './read-segments.ts'
import { SegmentBook } from './segment-book.ts'

/** Indexes are asked so many at a time: each is a few small reads. */
const PIECES_AT_ONCE = 8
/** The newest piece may be replaced by its longer successor while it is read. */
const ATTEMPTS_MAX = 2

type FindOptions = Parameters<LogArchivePort['findTouches']>[2]

/** Entries of one block that may touch the path, last first; or what is missing here. */
type Step =
  | { readonly kind: 'break'; readonly missing: TouchBreak }
  | {
      readonly kind: 'block'
      readonly segment: LogSegment
      readonly block: LogBlock
      readonly offsets: readonly number[]
      readonly isNewest: boolean
    }

type Looked =
  | { readonly kind: 'found'; readonly segment: LogSegment; readonly offsets: readonly number[] }
  | { readonly kind: 'failed'; readonly first: bigint; readonly problem: string }

/** Thrown inside only: look once more. */
class ReplacedMeanwhile extends Error {}

/** Goes through the pieces from the newest on, through their indexes, until a page is full. */
export class TouchFinder {
  readonly #indexes: PieceIndexes
  readonly #book: SegmentBook
  readonly #keys: AgeKeys

  constructor(indexes: PieceIndexes, keys: AgeKeys = NO_KEYS) {
    this.#book = new SegmentBook(keys)
    this.#keys = keys
    this.#indexes = indexes
  }

  async find(dir: string, path: string, options: FindOptions): Promise<FoundTouches> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#findOnce(dir, path, options, attempt < ATTEMPTS_MAX)
      } catch (error) {
        if (!(error instanceof ReplacedMeanwhile)) throw error
      }
    }
  }

  async #findOnce(dir: string, path: string, options: FindOptions, mayRepeat: boolean): Promise<FoundTouches> {
    const { limit, signal } = options
    const touches: Touch[] = []
    const breaks: TouchBreak[] = []
    const acls: AclCache = new Map()
    const firsts = await findFirsts(dir)
    const reach = await this.#findReach(dir, firsts)
    const steps = mapAhead(this.#listSteps(dir, firsts, path, options), async (step): Promise<Touch[] | TouchBreak> => {
      if (step.kind === 'break') return step.missing
      try {
        return await readBlock({ dir, step, path, acls, keys: this.#keys })
      } catch (error) {
        if (!isArkeeperError(error)) throw error
        if (step.isNewest && mayRepeat) throw new ReplacedMeanwhile()
        return { after: step.segment.first - 1n, before: step.segment.last + 1n, problem: error.message }
      }
    })
    for await (const { output } of steps) {
      throwIfAborted(signal)
      if (!Array.isArray(output)) {
        if (breaks.at(-1)?.before !== output.before) breaks.push(output)
        continue
      }
      for (const touch of output) {
        if (options.before !== undefined && options.before !== null && touch.zxid >= options.before) continue
        if (touches.length === limit) return { touches, breaks, next: touches.at(-1)?.zxid ?? null, reach }
        touches.push(touch)
      }
    }
    return { touches, breaks, next: null, reach }
  }

  async #findReach(dir: string, firsts: readonly bigint[]): Promise<FoundTouches['reach']> {
    const [first, newest] = [firsts[0], firsts.at(-1)]
    if (first === undefined || newest === undefined) return null
    try {
      const { last, maxTimeMs } = await this.#book.find(dir, newest)
      return { first, last, lastTimeMs: maxTimeMs }
    } catch (error) {
      // Whoever looks into it tells why.
      if (!isArkeeperError(error)) throw error
      return null
    }
  }

  async *#listSteps(
    dir: string,
    all: readonly bigint[],
    path: string,
    { before, signal }: FindOptions,
  ): AsyncGenerator<Step, void, void> {
    const hash = this.#indexes.hashOf(path)
    const newest = all.at(-1)
    const firsts = all.filter((first) => before === undefined || before === null || first < before).reverse()
    let newer: { readonly first: bigint; readonly firstType: number } | null = null
    for (let at = 0; at < firsts.length; at += PIECES_AT_ONCE) {
      throwIfAborted(signal)
      const group = firsts.slice(at, at + PIECES_AT_ONCE)
      for (const looked of await Promise.all(group.map((first) => this.#look(dir, first, hash, signal)))) {
        if (looked.kind === 'failed') {
          const end: bigint = newer?.first ?? looked.first + 1n
          yield { kind: 'break', missing: { after: looked.first - 1n, before: end, problem: looked.problem } }
          newer = null
          continue
        }
        const { segment } = looked
        const gap = newer && findGap(segment.last, { zxid: newer.first, type: newer.firstType })
        if (gap) yield { kind: 'break', missing: { ...gap, problem: null } }
        newer = segment
        yield* groupByBlock(looked, { before: before ?? null, isNewest: segment.first === newest })
      }
    }
  }

  async #look(dir: string, first: bigint, hash: PathHash, signal: AbortSignal | undefined): Promise<Looked> {
    try {
      const segment = await this.#book.find(dir, first)
      return { kind: 'found', segment, offsets: await this.#indexes.findOffsets(dir, segment, hash, signal) }
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
      return { kind: 'failed', first, problem: error.message }
    }
  }
}

function* groupByBlock(
  { segment, offsets }: Extract<Looked, { kind: 'found' }>,
  { before, isNewest }: { readonly before: bigint | null; readonly isNewest: boolean },
): Generator<Step, void, void> {
  let at = segment.blocks.length - 1
  for (let i = 0; i < offsets.length; ) {
    while (at > 0 && segment.blocks[at]!.rawOffset > offsets[i]!) at--
    const block = segment.blocks[at]!
    let end = i + 1
    while (end < offsets.length && offsets[end]! >= block.rawOffset) end++
    if (before === null || block.first < before) {
      yield { kind: 'block', segment, block, offsets: offsets.slice(i, end), isNewest }
    }
    i = end
  }
}

async function readBlock(input: {
  dir: string
  step: Extract<Step, { kind: 'block' }>
  path: string
  acls: AclCache
  keys: AgeKeys
}): Promise<Touch[]> {
  const { path, acls, keys } = input
  const { segment, block, offsets } = input.step
  const file = segmentFile(input.dir, segment)
  const packed = await (segment.sealed === undefined ? readRange(file, block) : readSealedRange(file, block, keys))
  const member = await decompressMember(packed, block.offset, { rawBytesHint: block.rawLength })
  if (member?.raw.length !== block.rawLength) throw notThere(file, block.rawOffset)
  const touches: Touch[] = []
  for (const offset of offsets) {
    const entry = entryAt(member.raw, offset - block.rawOffset)
    if (entry === null) throw notThere(file, offset)
    const { txn } = decodeTxn(entry, acls)
    // Another path may have the same hash.
    if (listTouches(txn).some((touch) => touch.path === path)) touches.push(copyOf(entry, acls))
  }
  return touches
}

async function readSealedRange(path: string, { offset, length }: LogBlock, keys: AgeKeys): Promise<Buffer> {
  const source = await openContent(path, keys)
  try {
    return await source.read(offset, length)
  } finally {
    await source.close()
  }
}

async function readRange(path: string, { offset, length }: LogBlock): Promise<Buffer> {
  let handle: FileHandle | null = null
  try {
    handle = await open(path, 'r')
    const target = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await handle.read(target, 0, length, offset)
    return target.subarray(0, bytesRead)
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  } finally {
    await handle?.close()
  }
}

/** The gzip member's CRC holds, so that only a place that is none can be wrong. */
function entryAt(raw: Buffer, frame: number): TxnEntry | null {
  const start = frame + FRAME_HEAD_BYTES
  if (frame < 0 || start > raw.length) return null
  const length = raw.readInt32BE(frame + 8)
  if (length < TXN_HEADER_BYTES || start + length >= raw.length) return null
  return new TxnEntry(raw, { start, end: start + length, offset: 0, checksum: 0 })
}

/** What is kept must not hold its whole block. */
function copyOf(entry: TxnEntry, acls: AclCache): Touch {
  const copy = TxnEntry.fromBytes(Buffer.from(entry.buffer.subarray(entry.start, entry.end)))
  return { zxid: copy.zxid, entry: copy, txn: decodeTxn(copy, acls).txn }
}

function notThere(path: string, offset: number): ArchiveError {
  return new ArchiveError('FILES_CHANGED', `${basename(path)} does not hold what its index says at ${offset}`, {
    remedy: `delete the index beside it (.idx): it is made anew`,
  })
}
