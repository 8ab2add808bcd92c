import { SnapshotError, snapshotFault } from '../../domain/snapshot/errors.ts'
import { type SnapshotHead, SnapshotReader, type SnapshotTail } from '../../domain/snapshot/read-snapshot.ts'
import type { RecordCursor } from '../../domain/snapshot/record.ts'
import { RecordOrder } from '../../domain/snapshot/record-order.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import type { ByteSource } from './byte-source.ts'
import { decompressMember, MemberTooLarge } from './gzip-member.ts'
import type { SnapshotBlock, SnapshotIndex, Span } from './snapshot-index.ts'

/** A member beyond this is not worth entering: such a file is put in order into a temporary one instead. */
export const FOREIGN_MEMBER_BYTES_MAX = 16 << 20
const WINDOW_BYTES = 2 << 20

export interface IndexedSnapshot {
  readonly index: SnapshotIndex
  readonly head: SnapshotHead
  readonly tail: SnapshotTail
}

/** Counts children and notes which parents reach over a block's end, for records that come in path order. */
export class IndexBuilder {
  readonly parents = new Map<string, number>()
  readonly #order = new RecordOrder({ onClose: (path, children) => this.parents.set(path, children) })

  add(record: RecordCursor, startsBlock: boolean): void {
    this.#order.enter(record, startsBlock)
  }

  finish(): ReadonlyMap<string, number> {
    this.#order.finish()
    return this.parents
  }
}

/**
 * Builds the index of a plain or gzip snapshot by reading all of it, checksums included. Null when the file cannot be entered by an
 * index: not in path order, or gzip members that do not begin with a record. Throws SnapshotError when it is damaged.
 */
export async function indexSnapshot(
  source: ByteSource,
  compression: 'gzip' | 'none',
  options: { signal?: AbortSignal; memberBytesMax?: number } = {},
): Promise<IndexedSnapshot | null> {
  try {
    if (compression === 'none') return await indexPlain(source, options.signal)
    return await indexGzip(source, options.memberBytesMax ?? FOREIGN_MEMBER_BYTES_MAX, options.signal)
  } catch (error) {
    if (error instanceof NotIndexable || error instanceof MemberTooLarge) return null
    if (error instanceof SnapshotError && error.code === 'OUT_OF_ORDER') return null
    throw error
  }
}

class NotIndexable extends Error {}

async function indexPlain(source: ByteSource, signal: AbortSignal | undefined): Promise<IndexedSnapshot> {
  const starts: { rawOffset: number; firstPath: string }[] = []
  async function* chunks() {
    for (let at = 0; at < source.bytes; at += BLOCK_BYTES) {
      yield await source.read(at, Math.min(BLOCK_BYTES, source.bytes - at))
    }
  }
  const built = await readRecords(chunks(), signal, (offset, path) => {
    const last = starts.at(-1)
    if (last && offset - last.rawOffset < BLOCK_BYTES) return false
    starts.push({ rawOffset: offset, firstPath: path })
    return true
  })
  const spanOf = (from: number, to: number): Span => ({
    offset: from,
    length: to - from,
    rawOffset: from,
    rawLength: to - from,
  })
  const blocks = starts.map(({ rawOffset, firstPath }, i) => ({
    ...spanOf(rawOffset, starts[i + 1]?.rawOffset ?? built.nodesEnd),
    firstPath,
  }))
  return {
    head: built.head,
    tail: built.tail,
    index: {
      compression: 'none',
      head: spanOf(0, starts[0]?.rawOffset ?? 0),
      blocks,
      tail: spanOf(built.nodesEnd, source.bytes),
      parents: built.parents,
    },
  }
}

async function indexGzip(
  source: ByteSource,
  memberBytesMax: number,
  signal: AbortSignal | undefined,
): Promise<IndexedSnapshot> {
  const members: Span[] = []
  const blocks: SnapshotBlock[] = []
  let next = 0
  const built = await readRecords(readMembers(source, members, memberBytesMax), signal, (offset, path) => {
    while (members[next] && members[next]!.rawOffset < offset) {
      // A member that begins inside a record, or holds the head and records: it cannot be entered.
      if (blocks.length > 0) throw new NotIndexable()
      next++
    }
    const member = members[next]
    if (!member || member.rawOffset !== offset) {
      if (blocks.length === 0) throw new NotIndexable()
      return false
    }
    blocks.push({ ...member, firstPath: path })
    next++
    return true
  })
  const first = members.findIndex((member) => member.offset === blocks[0]?.offset)
  const tail = join(members.slice(first + blocks.length))
  const head = join(members.slice(0, first))
  // Tail and records in one member: the last block would not end with a record.
  if (!head || !tail || tail.rawOffset !== built.nodesEnd) throw new NotIndexable()
  const index: SnapshotIndex = { compression: 'gzip', head, blocks, tail, parents: built.parents }
  return { head: built.head, tail: built.tail, index }
}

/** Raw bytes of one gzip member after the other; notes each in `members` before its bytes are handed on. */
async function* readMembers(source: ByteSource, members: Span[], bytesMax: number): AsyncGenerator<Buffer> {
  let window: Buffer = Buffer.alloc(0)
  let windowAt = 0
  let rawOffset = 0
  for (let offset = 0; offset < source.bytes; ) {
    let input = window.subarray(offset - windowAt)
    const limits = { rawBytesMax: bytesMax, rawBytesHint: BLOCK_BYTES }
    let member = await decompressMember(input, offset, limits)
    while (member === null) {
      const wanted = Math.min(Math.max(WINDOW_BYTES, input.length * 2), source.bytes - offset)
      if (wanted <= input.length) {
        const fault = { expected: 'the rest of a gzip member', found: 'the end of the file' }
        throw snapshotFault('TRUNCATED', { offset: source.bytes, ...fault })
      }
      if (wanted > bytesMax) throw new NotIndexable()
      input = window = await source.read(offset, wanted)
      windowAt = offset
      member = await decompressMember(input, offset, limits)
    }
    members.push({ offset, length: member.bytes, rawOffset, rawLength: member.raw.length })
    offset += member.bytes
    rawOffset += member.raw.length
    yield member.raw
  }
}

async function readRecords(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  startsBlock: (offset: number, path: string) => boolean,
) {
  const reader = new SnapshotReader(source, { order: 'path', signal })
  const builder = new IndexBuilder()
  let nodesEnd = 0
  try {
    const head = await reader.readHead()
    const visit: Parameters<SnapshotReader['visitRecords']>[0] = (record, path) => {
      builder.add(record, startsBlock(record.offset, path))
      nodesEnd = record.base + record.end
    }
    while (await reader.visitRecords(visit));
    const tail = await reader.readTail()
    return { head, tail, nodesEnd, parents: builder.finish() }
  } finally {
    await reader.close()
  }
}

function join(spans: readonly Span[]): Span | null {
  const [first] = spans
  if (!first) return null
  return {
    offset: first.offset,
    rawOffset: first.rawOffset,
    length: spans.reduce((sum, span) => sum + span.length, 0),
    rawLength: spans.reduce((sum, span) => sum + span.rawLength, 0),
  }
}
