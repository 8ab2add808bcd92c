import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LOG_HEAD_BYTES, LogReader } from '../../domain/txnlog/read-log.ts'
import { encodeLogHead, frameEntry } from '../../domain/txnlog/write-log.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { readContent } from './file-form.ts'
import { compressMember, decompressMember } from './gzip-member.ts'
import { findSegmentZxid, type LogBlock, type LogSegment } from './log-segment.ts'

const BLOCK_RAW_BYTES = 256 << 10
/** A segment is rewritten whole while it grows; one that is this large begins no new growth. */
export const SEGMENT_RAW_BYTES = 16 << 20

/** Packs entries, in order, into gzip members and keeps the facts of a segment. What it gives is to be written one after the other. */
export class SegmentBuilder {
  readonly blocks: LogBlock[] = []
  transactions = 0
  last = 0n
  rawBytes = 0
  #first: { readonly zxid: bigint; readonly type: number } | null = null
  #minTimeMs = Number.MAX_SAFE_INTEGER
  #maxTimeMs = 0
  #bytes = 0
  #parts: Buffer[] = [encodeLogHead()]
  #length = LOG_HEAD_BYTES
  #blockStart: { first: bigint; timeMs: number } | null = null

  get isEmpty(): boolean {
    return this.#first === null
  }

  /** Where the next entry's frame will lie in the unpacked piece. */
  get position(): number {
    return this.rawBytes + this.#length
  }

  /** A packed member when one is full, else null. Copies what it keeps. */
  async add(entry: TxnEntry): Promise<Buffer | null> {
    const frame = frameEntry(entry.buffer.subarray(entry.start, entry.end))
    const full = this.#blockStart !== null && this.#length + frame.length > BLOCK_RAW_BYTES ? await this.#cut() : null
    const { zxid, timeMs } = entry
    this.#first ??= { zxid, type: entry.type }
    this.#blockStart ??= { first: zxid, timeMs }
    this.#parts.push(frame)
    this.#length += frame.length
    this.transactions++
    this.last = zxid
    this.#minTimeMs = Math.min(this.#minTimeMs, timeMs)
    this.#maxTimeMs = Math.max(this.#maxTimeMs, timeMs)
    return full
  }

  /** The last member. */
  async finish(): Promise<Buffer> {
    return this.#cut()
  }

  segment(sha256: string, members: readonly string[]): LogSegment {
    if (this.#first === null) throw new ArchiveError('MANIFEST_INVALID', 'a piece of the log holds no transaction')
    return {
      schema: 1,
      first: this.#first.zxid,
      firstType: this.#first.type,
      last: this.last,
      transactions: this.transactions,
      minTimeMs: this.#minTimeMs,
      maxTimeMs: this.#maxTimeMs,
      rawBytes: this.rawBytes,
      bytes: this.#bytes,
      sha256,
      members: [...members],
      blocks: this.blocks,
    }
  }

  async #cut(): Promise<Buffer> {
    const raw = Buffer.concat(this.#parts, this.#length)
    const { member } = await compressMember(raw)
    const { first, timeMs } = this.#blockStart ?? { first: 0n, timeMs: 0 }
    this.blocks.push({
      offset: this.#bytes,
      length: member.length,
      rawOffset: this.rawBytes,
      rawLength: raw.length,
      first,
      timeMs,
    })
    this.#bytes += member.length
    this.rawBytes += raw.length
    this.#parts = []
    this.#length = 0
    this.#blockStart = null
    return member
  }
}

/**
 * Facts of a segment from its data file alone: the manifest, made anew. Every entry is read and checked on the way.
 * Throws ArchiveError, SnapshotError BAD_COMPRESSION or TxnLogError.
 */
export async function describeSegment(
  path: string,
  members: readonly string[],
  signal?: AbortSignal,
  { name = basename(path), keys }: { readonly name?: string; readonly keys?: AgeKeys } = {},
): Promise<LogSegment> {
  let file: Buffer
  try {
    file = await readContent(path, keys)
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  const raws: Buffer[] = []
  const places: Omit<LogBlock, 'first' | 'timeMs'>[] = []
  let rawBytes = 0
  for (let offset = 0; offset < file.length; ) {
    throwIfAborted(signal)
    const member = await decompressMember(file.subarray(offset), offset)
    if (member === null) throw damaged(path, `its last gzip member, at ${offset}, is cut`)
    places.push({ offset, length: member.bytes, rawOffset: rawBytes, rawLength: member.raw.length })
    raws.push(member.raw)
    rawBytes += member.raw.length
    offset += member.bytes
  }
  const facts = await readFacts(raws, places, signal)
  const first = facts.blocks[0]?.first
  if (first === undefined || first !== findSegmentZxid(name, 'data')) {
    throw damaged(path, first === undefined ? 'it holds no transaction' : 'it does not begin with the zxid of its name')
  }
  const sha256 = createHash('sha256').update(file).digest('hex')
  return { schema: 1, first, ...facts, rawBytes, bytes: file.length, sha256, members: [...members] }
}

async function readFacts(
  raws: readonly Buffer[],
  places: readonly Omit<LogBlock, 'first' | 'timeMs'>[],
  signal: AbortSignal | undefined,
) {
  async function* bytes() {
    yield* raws
  }
  const reader = new LogReader(bytes(), { allowBareCheck: true, signal })
  const blocks: LogBlock[] = []
  let transactions = 0
  let firstType = 0
  let last = 0n
  let minTimeMs = Number.MAX_SAFE_INTEGER
  let maxTimeMs = 0
  for await (const batch of reader.readEntries()) {
    for (const entry of batch) {
      const { zxid, timeMs } = entry
      const place = places[blocks.length]
      if (place && entry.frame.from >= place.rawOffset) blocks.push({ ...place, first: zxid, timeMs })
      if (transactions === 0) firstType = entry.type
      transactions++
      last = zxid
      minTimeMs = Math.min(minTimeMs, timeMs)
      maxTimeMs = Math.max(maxTimeMs, timeMs)
    }
  }
  return { blocks, transactions, firstType, last, minTimeMs: transactions === 0 ? 0 : minTimeMs, maxTimeMs }
}

function damaged(path: string, fault: string): ArchiveError {
  return new ArchiveError('MANIFEST_INVALID', `${basename(path)} is not a sound piece of the log: ${fault}`)
}
