import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { crc32 } from 'node:zlib'
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { ADLER_START, adler32, combineAdler32 } from '../../domain/snapshot/adler32.ts'
import { BodyCheck } from '../../domain/snapshot/check-body.ts'
import { SEAL_BYTES, SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import type { SnapshotEnds } from '../../domain/snapshot/write-snapshot.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { type ByteSource, FileBytes } from './byte-source.ts'
import { ArchiveError } from './errors.ts'
import { openContent, readContent } from './file-form.ts'
import { decompressProven } from './gzip-member.ts'
import { letGo } from './let-go.ts'
import { readAhead, readSpan } from './read-blocks.ts'
import { hashSealed } from './sealed-bytes.ts'
import { parseIndex, type SnapshotBlock, type SnapshotIndex } from './snapshot-index.ts'
import { type FileSums, sha256Of } from './write-file.ts'

/** Written bytes that are worth a flush and a look: some blocks at once, and never long behind. */
const ROUND_BYTES = 4 << 20
const GZIP = { compression: 'gzip' } as const

/** A block that was handed to the file system, and the Adler-32 of what it holds. */
export type WrittenBlock = SnapshotBlock & { readonly adler: number }

/**
 * Reads blocks back from the file that they were written to, while more is being written: each only after a flush that came behind its
 * writing. The first fault ends it and comes out of `assertSound` and `finish`.
 */
export class BodyReadBack {
  readonly #check = new BodyCheck()
  readonly #source: ByteSource
  readonly #flush: () => Promise<void>
  readonly #signal: AbortSignal | undefined
  readonly #running: Promise<void>
  #written: WrittenBlock[] = []
  #writtenBytes = 0
  #ended = false
  #abandoned = false
  #failure: unknown = null
  #wake: (() => void) | null = null

  /** Hears of each block from when it is set. */
  onProgress: ((check: BodyCheck) => void) | null = null

  private constructor(source: ByteSource, input: { flush: () => Promise<void>; signal?: AbortSignal }) {
    this.#source = source
    this.#flush = input.flush
    this.#signal = input.signal
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = toReadBackFailure(error)
    })
  }

  /** `flush`: brings what was written so far to the disk. */
  static start(source: ByteSource, input: { flush: () => Promise<void>; signal?: AbortSignal }): BodyReadBack {
    return new BodyReadBack(source, input)
  }

  /** Takes a block whose bytes have been written. Throws what was found wrong with those before it. */
  add(block: WrittenBlock): void {
    this.assertSound()
    this.#written.push(block)
    this.#writtenBytes += block.length
    if (this.#writtenBytes >= ROUND_BYTES) this.#wake?.()
  }

  assertSound(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** When every block has been read back. */
  async finish(): Promise<BodyCheck> {
    await this.#end()
    this.assertSound()
    return this.#check
  }

  /** Lets the file go, whatever is still to be read. Never throws. */
  async close(): Promise<void> {
    this.#abandoned = true
    this.#written = []
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#ended = true
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const source = this.#source
    try {
      for (;;) {
        if (!this.#ended && this.#writtenBytes < ROUND_BYTES) await this.#sleep()
        const blocks = this.#written
        if (blocks.length === 0 && this.#ended) return
        this.#written = []
        this.#writtenBytes = 0
        await this.#flush()
        let at = 0
        for await (const raw of readAhead(blocks, (block) => readWritten(source, block), this.#signal)) {
          const { firstPath, adler } = blocks[at++]!
          this.#check.add(raw, firstPath, adler)
          letGo(raw)
          if (this.#abandoned) return
          this.onProgress?.(this.#check)
        }
      }
    } finally {
      await source.close()
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}

/** What a block holds as it lies on the disk, which is what was written: by length, CRC-32 and Adler-32. */
async function readWritten(source: ByteSource, { offset, length, rawLength, adler }: WrittenBlock): Promise<Buffer> {
  const packed = await source.read(offset, length)
  const raw = await decompressProven(packed, { rawBytes: rawLength, adler })
  if (source instanceof FileBytes) letGo(packed)
  if (raw === null) throw readBackFailure(`the bytes from ${offset} on hold something else`)
  return raw
}

/** The snapshot file as it was meant, decrypted: where its parts lie, and the CRC-32 of each as it was handed to the file system. */
export interface MeantSnapshot {
  readonly name: string
  /** Where it lies on the disk: another one than its name when it is encrypted. */
  readonly fileName: string
  readonly bytes: number
  readonly index: SnapshotIndex
  /** Head, blocks, tail. */
  readonly crcs: readonly number[]
  readonly ends: SnapshotEnds
}

/**
 * SHA-256 of the whole file, read once more from front to back. Each part is held against what was written, so that what is hashed
 * here is what was read back block by block.
 */
export async function hashWritten(
  dir: string,
  meant: MeantSnapshot,
  { keys, signal }: { keys: AgeKeys; signal?: AbortSignal },
): Promise<FileSums> {
  if (meant.fileName !== meant.name) return hashSealedParts(dir, meant, keys, signal)
  const { index, crcs } = meant
  const source = await FileBytes.open(join(dir, meant.name))
  try {
    if (source.bytes !== meant.bytes)
      throw readBackFailure(`the snapshot has ${source.bytes} bytes instead of ${meant.bytes}`)
    const hash = createHash('sha256')
    const spans = [index.head, ...index.blocks, index.tail]
    let part = 0
    for await (const packed of readAhead(spans, (span) => source.read(span.offset, span.length), signal)) {
      if (crc32(packed) !== crcs[part])
        throw readBackFailure(`the bytes from ${spans[part]?.offset} on have another CRC-32`)
      part++
      hash.update(packed)
      letGo(packed)
    }
    return { bytes: meant.bytes, sha256: hash.digest('hex') }
  } catch (error) {
    throw toReadBackFailure(error)
  } finally {
    await source.close()
  }
}

/** As above for an encrypted file, in one pass: the bytes that are hashed are the ones that are decrypted and compared. */
async function hashSealedParts(
  dir: string,
  { index, crcs, fileName, bytes }: MeantSnapshot,
  keys: AgeKeys,
  signal: AbortSignal | undefined,
): Promise<FileSums> {
  const spans = [index.head, ...index.blocks, index.tail]
  let part = 0
  let done = 0
  let crc = 0
  const visit = (plain: Buffer) => {
    throwIfAborted(signal)
    for (let at = 0; at < plain.length; ) {
      const span = spans[part]
      if (span === undefined) throw readBackFailure('the snapshot is longer than what was written')
      const taken = Math.min(span.length - done, plain.length - at)
      crc = crc32(plain.subarray(at, at + taken), crc)
      at += taken
      done += taken
      if (done < span.length) return
      if (crc !== crcs[part]) throw readBackFailure(`the bytes from ${span.offset} on have another CRC-32`)
      part++
      done = 0
      crc = 0
    }
  }
  try {
    const found = await hashSealed(join(dir, fileName), keys, visit)
    if (part !== spans.length || found.plain.bytes !== bytes) {
      throw readBackFailure(`the snapshot has ${found.plain.bytes} bytes instead of ${bytes}`)
    }
    return found
  } catch (error) {
    throw toReadBackFailure(error)
  }
}

/** Both ends as they lie on the disk, held against what was meant, and with the blocks read back between them. */
export async function checkEnds(dir: string, meant: MeantSnapshot, body: BodyCheck, keys: AgeKeys): Promise<void> {
  const { index, ends } = meant
  const source = await openContent(join(dir, meant.fileName), keys)
  try {
    const head = await readSpan(source, GZIP, index.head)
    const tail = await readSpan(source, GZIP, index.tail)
    async function* whole() {
      yield head
    }
    const { acls } = await new SnapshotReader(whole()).readHead()
    body.finish(acls)
    const adler = combineAdler32(adler32(ADLER_START, head), body.adler, body.bytes)
    assertSame(
      'the snapshot',
      {
        head: head.equals(ends.head),
        tail: tail.equals(ends.tail),
        checksum: adler32(adler, tail, 0, tail.length - SEAL_BYTES),
        bytes: head.length + body.bytes + tail.length,
      },
      { head: true, tail: true, checksum: ends.checksum, bytes: ends.bytes },
    )
  } catch (error) {
    throw toReadBackFailure(error)
  } finally {
    await source.close()
  }
}

/** The index as it lies on the disk: a sound one, and of exactly this snapshot. */
export async function checkIndex(
  dir: string,
  meant: MeantSnapshot,
  { fileName, sha256, keys }: { fileName: string; sha256: string; keys: AgeKeys },
): Promise<void> {
  const bytes = await readContent(join(dir, fileName), keys)
  const index = parseIndex(bytes.toString(), { snapshot: meant.name, snapshotBytes: meant.bytes })
  assertSame(
    'the index',
    { sha256: sha256Of(bytes), sound: isDeepStrictEqual(index, meant.index) },
    { sha256, sound: true },
  )
}

export function assertSame(what: string, found: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (found[name] !== value) throw readBackFailure(`${name} of ${what} is ${found[name]} instead of ${value}`)
  }
}

function toReadBackFailure(error: unknown): unknown {
  if (error instanceof CancelledError || error instanceof ArchiveError || !isArkeeperError(error)) return error
  return readBackFailure(error.message, error)
}

function readBackFailure(message: string, cause?: unknown): ArchiveError {
  return new ArchiveError('READ_BACK_FAILED', `what was read back is not what was written: ${message}`, {
    unaffected: 'no archive was made; the cluster was only read',
    remedy: 'check the disk of the store, then take the backup again',
    cause,
  })
}
