import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isArkeeperError } from '../../base/errors.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { isErrnoError, toArchiveError } from './errors.ts'
import { streamSealed } from './file-form.ts'
import { toCompressionFault } from './gzip-member.ts'
import type { LogSegments } from './log-archive.ts'
import {
  findSegmentGaps,
  findSegmentZxid,
  type LogSegment,
  parseSegment,
  segmentFile,
  segmentFilesOf,
  segmentManifest,
} from './log-segment.ts'
import { findFileSize } from './read-manifest.ts'
import { hashSealed } from './sealed-bytes.ts'
import { describeSegment } from './segment-builder.ts'
import type { VerifyProblem } from './store.ts'
import { toProblem } from './verify-archive.ts'

const CHUNK_BYTES = 256 << 10

/**
 * By names, manifests and sizes. A data file without a manifest, or longer than its manifest says, is what a writer left that was killed
 * between the two: it is whole, because it was renamed when it was, and so it is read to describe it anew.
 */
export async function listSegments(dir: string, keys: AgeKeys = NO_KEYS): Promise<LogSegments> {
  const segments: LogSegment[] = []
  const problems: VerifyProblem[] = []
  for (const first of await findFirsts(dir)) {
    try {
      segments.push(await findSegment(dir, first, keys))
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      problems.push(toProblem(error, basename(segmentFile(dir, { first }))))
    }
  }
  return { segments, gaps: findSegmentGaps(segments), problems }
}

/** First zxids of the pieces, by their names, in order. */
export async function findFirsts(dir: string): Promise<bigint[]> {
  try {
    const names = await readdir(dir)
    const firsts = new Set(names.flatMap((name) => findSegmentZxid(name, 'data') ?? []))
    return [...firsts].sort((a, b) => (a < b ? -1 : 1))
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return []
    throw toArchiveError(error, `listing ${dir}`)
  }
}

/** The last that `listSegments` would give. */
export async function findNewestSegment(dir: string, keys: AgeKeys = NO_KEYS): Promise<LogSegment | null> {
  for (const first of (await findFirsts(dir)).reverse()) {
    try {
      return await findSegment(dir, first, keys)
    } catch (error) {
      if (!isArkeeperError(error)) throw error
    }
  }
  return null
}

export async function findSegment(dir: string, first: bigint, keys: AgeKeys = NO_KEYS): Promise<LogSegment> {
  const path = segmentManifest(dir, first)
  let segment: LogSegment | null = null
  try {
    segment = parseSegment(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (!isErrnoError(error)) throw error
    if (error.code !== 'ENOENT') throw toArchiveError(error, `reading ${path}`)
  }
  if (segment !== null) {
    const bytes = await findFileSize(segmentFile(dir, segment))
    if (bytes === (segment.sealed ?? segment).bytes) return segment
  }
  const [plain, sealed] = segmentFilesOf(dir, first)
  const members = segment?.members ?? []
  if ((await findFileSize(plain)) !== null) return describeSegment(plain, members)
  const found = await describeSegment(sealed, members, undefined, { keys })
  const { bytes, sha256 } = await hashSealed(sealed, keys)
  return { ...found, sealed: { recipients: segment?.sealed?.recipients ?? ['unknown'], bytes, sha256 } }
}

export async function* readSegment(
  dir: string,
  segment: LogSegment,
  options: { readonly from?: bigint; readonly signal?: AbortSignal; readonly keys?: AgeKeys } = {},
): AsyncGenerator<readonly TxnEntry[], void, void> {
  const { from, keys } = options
  const block =
    from === undefined
      ? 0
      : Math.max(
          0,
          segment.blocks.findLastIndex(({ first }) => first <= from),
        )
  const { rawOffset } = segment.blocks[block]!
  const reader = new LogReader(unpackSegment(dir, segment, block, keys), {
    ...(block === 0 ? {} : { from: rawOffset }),
    allowBareCheck: true,
    signal: options.signal,
  })
  try {
    for await (const batch of reader.readEntries()) {
      const wanted = from === undefined ? batch : batch.filter((entry) => entry.zxid >= from)
      if (wanted.length > 0) yield wanted
    }
  } finally {
    await reader.close()
  }
}

/** The raw bytes from the start of a block to the end of the segment, as its manifest knows it. */
export async function* unpackSegment(
  dir: string,
  segment: LogSegment,
  block: number,
  keys: AgeKeys = NO_KEYS,
): AsyncGenerator<Uint8Array> {
  const path = segmentFile(dir, segment)
  const { offset } = segment.blocks[block]!
  const file =
    segment.sealed === undefined
      ? createReadStream(path, { start: offset, end: segment.bytes - 1, highWaterMark: CHUNK_BYTES })
      : Readable.from(streamSealed(path, keys, offset), { objectMode: false })
  const gunzip = pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
  try {
    for await (const chunk of gunzip) yield chunk
  } catch (error) {
    throw toArchiveError(toCompressionFault(error, offset), `reading ${path}`)
  } finally {
    file.destroy()
  }
}

export async function verifySegments(
  dir: string,
  options: { readonly signal?: AbortSignal; readonly keys?: AgeKeys } = {},
): Promise<LogSegments> {
  const listed = await listSegments(dir, options.keys)
  const problems = [...listed.problems]
  for (const segment of listed.segments) problems.push(...(await verifySegment(dir, segment, options)))
  return { ...listed, problems }
}

/** Reads one piece: its sum, its entries and what its manifest says of them. */
export async function verifySegment(
  dir: string,
  segment: LogSegment,
  options: { readonly signal?: AbortSignal; readonly keys?: AgeKeys } = {},
): Promise<VerifyProblem[]> {
  const { signal, keys = NO_KEYS } = options
  const path = segmentFile(dir, segment)
  const file = basename(path)
  try {
    if ((await sha256Of(path)) !== (segment.sealed ?? segment).sha256) {
      return [{ code: 'SHA256_MISMATCH', message: `${file} is not the file that was written`, file }]
    }
    const found = await describeSegment(path, segment.members, signal, { keys })
    if (found.sha256 !== segment.sha256) {
      return [{ code: 'CONTENT_MISMATCH', message: `${file} does not hold what was encrypted`, file }]
    }
    if (found.last !== segment.last || found.transactions !== segment.transactions) {
      const message = `${file} holds ${found.transactions} transactions, its manifest says ${segment.transactions}`
      return [{ code: 'MANIFEST_MISMATCH', message, file }]
    }
    return []
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    // Its sum is right, and more cannot be said without the key.
    return error.code === 'KEY_MISSING' ? [] : [toProblem(error, file)]
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  return hash.digest('hex')
}
