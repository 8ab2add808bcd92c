import { throwIfAborted } from '../../base/errors.ts'
import { snapshotFault } from '../../domain/snapshot/errors.ts'
import { type ByteSource, FileBytes } from './byte-source.ts'
import { decompressMember, MemberTooLarge } from './gzip-member.ts'
import { letGo } from './let-go.ts'
import type { SnapshotIndex, Span } from './snapshot-index.ts'

// Two cores are kept busy with two; the others hide the latency of the file.
const READ_AHEAD = 4

/** Reads one span and decompresses it. Throws SnapshotError where its bytes do not fit the index. */
export async function readSpan(
  source: ByteSource,
  index: Pick<SnapshotIndex, 'compression'>,
  span: Span,
): Promise<Buffer> {
  const bytes = await source.read(span.offset, span.length)
  if (index.compression === 'none') return bytes
  const misfit = (found: string) =>
    snapshotFault('BAD_COMPRESSION', {
      offset: span.offset,
      expected: `one gzip member of ${span.length} bytes holding ${span.rawLength}`,
      found,
    })
  const limits = { rawBytesHint: span.rawLength, rawBytesMax: Math.max(span.rawLength, 64) }
  const member = await decompressMember(bytes, span.offset, limits).catch((error: unknown) => {
    throw error instanceof MemberTooLarge ? misfit('one that holds more') : error
  })
  // What was read into memory is shared by all of its readers; what came from a file is ours alone.
  if (source instanceof FileBytes) letGo(bytes)
  if (member === null) throw misfit('no whole member')
  if (member.bytes !== span.length || member.raw.length !== span.rawLength) {
    throw misfit(`${member.bytes} bytes holding ${member.raw.length}`)
  }
  return member.raw
}

/** The places' bytes in order, read and decompressed a few ahead. Ends cleanly when the consumer stops early. */
export async function* readAhead<T>(
  places: Iterable<T>,
  read: (place: T) => Promise<Buffer>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const queue: Promise<Buffer>[] = []
  const rest = places[Symbol.iterator]()
  const refill = () => {
    while (queue.length < READ_AHEAD) {
      const next = rest.next()
      if (next.done) return
      const reading = read(next.value)
      // The failure is thrown when its turn comes; until then it must not count as unhandled.
      reading.catch(() => undefined)
      queue.push(reading)
    }
  }
  try {
    refill()
    for (let head = queue.shift(); head !== undefined; head = queue.shift()) {
      throwIfAborted(signal)
      const raw = await head
      refill()
      yield raw
    }
  } finally {
    await Promise.allSettled(queue)
  }
}
