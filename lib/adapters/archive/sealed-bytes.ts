import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { snapshotFault } from '../../domain/snapshot/errors.ts'
import { type AgeKeys, keyMissing } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import {
  CHUNK_BYTES,
  ChunkSeal,
  findHeaderBytes,
  HEADER_BYTES_MAX,
  PAYLOAD_NONCE_BYTES,
  plainBytesOf,
  SEALED_CHUNK_BYTES,
} from '../age/seal.ts'
import type { ByteSource } from './byte-source.ts'
import { toArchiveError } from './errors.ts'

/** Chunks read at once where a file is read from front to back. */
const RUN_CHUNKS = 16

interface Part {
  readonly seal: ChunkSeal
  /** Where the payload's chunks begin. */
  readonly start: number
}

/** A file of age, read anywhere: each chunk is opened when it is asked for, and nothing plain is ever put on a disk. */
export class SealedBytes implements ByteSource {
  /** Of the plain content. */
  readonly bytes: number
  readonly #path: string
  readonly #handle: FileHandle
  readonly #part: Part

  private constructor(path: string, handle: FileHandle, part: Part, bytes: number) {
    this.#path = path
    this.#handle = handle
    this.#part = part
    this.bytes = bytes
  }

  /** Throws AgeError KEY_MISSING, or CIPHERTEXT_DAMAGED. */
  static async open(path: string, keys: AgeKeys): Promise<SealedBytes> {
    const handle = await openFile(path)
    try {
      const header = await readHeader(handle, path)
      const fileKey = await keys.unwrap(header)
      if (fileKey === null) throw keyMissing(basename(path))
      const nonce = await readExactly(handle, header.length, PAYLOAD_NONCE_BYTES)
      const start = header.length + PAYLOAD_NONCE_BYTES
      const bytes = plainBytesOf((await handle.stat()).size - start)
      if (bytes === null) throw damaged(path, 'its length is not one that an encrypted file has: it was cut')
      return new SealedBytes(path, handle, { seal: new ChunkSeal(fileKey, nonce), start }, bytes)
    } catch (error) {
      await handle.close()
      throw toArchiveError(error, `reading ${path}`)
    }
  }

  /** Of a file that is still being written. */
  static async openPart(path: string, part: Part): Promise<SealedBytes> {
    return new SealedBytes(path, await openFile(path), part, 0)
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.bytes) {
      const missing = offset + length - this.bytes
      throw snapshotFault('TRUNCATED', {
        offset: this.bytes,
        expected: `${missing} more bytes`,
        found: 'the end of the file',
      })
    }
    if (length === 0) return Buffer.alloc(0)
    const first = Math.floor(offset / CHUNK_BYTES)
    const last = Math.floor((offset + length - 1) / CHUNK_BYTES)
    const chunks = await this.#readChunks(first, last - first + 1)
    const from = offset - first * CHUNK_BYTES
    const target = Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const [i, chunk] of chunks.entries()) {
      const start = i === 0 ? from : 0
      at += chunk.copy(target, at, start, Math.min(chunk.length, start + length - at))
    }
    return target
  }

  async readChunk(chunk: number, isLast: boolean): Promise<Buffer> {
    const at = this.#part.start + chunk * SEALED_CHUNK_BYTES
    const sealed = Buffer.alloc(SEALED_CHUNK_BYTES)
    const { bytesRead } = await this.#handle.read(sealed, 0, SEALED_CHUNK_BYTES, at)
    return this.#open(chunk, sealed.subarray(0, bytesRead), isLast)
  }

  /** Once from front to back; `onSealed` hears of every byte of the file as it lies there. */
  async *stream(onSealed: (bytes: Buffer) => void = () => undefined): AsyncGenerator<Buffer> {
    onSealed(await readExactly(this.#handle, 0, this.#part.start))
    const chunks = this.#chunkCount()
    for (let chunk = 0; chunk < chunks; chunk += RUN_CHUNKS) {
      yield Buffer.concat(await this.#readChunks(chunk, Math.min(RUN_CHUNKS, chunks - chunk), onSealed))
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  #chunkCount(): number {
    return Math.max(1, Math.ceil(this.bytes / CHUNK_BYTES))
  }

  async #readChunks(first: number, count: number, onSealed?: (bytes: Buffer) => void): Promise<Buffer[]> {
    const newest = this.#chunkCount() - 1
    const end = Math.min((first + count) * CHUNK_BYTES, this.bytes)
    const sealedBytes = end - first * CHUNK_BYTES + count * (SEALED_CHUNK_BYTES - CHUNK_BYTES)
    let run: Buffer
    try {
      run = await readExactly(this.#handle, this.#part.start + first * SEALED_CHUNK_BYTES, sealedBytes)
    } catch (error) {
      throw toArchiveError(error, `reading ${this.#path}`)
    }
    onSealed?.(run)
    return Array.from({ length: count }, (_, i) =>
      this.#open(first + i, run.subarray(i * SEALED_CHUNK_BYTES, (i + 1) * SEALED_CHUNK_BYTES), first + i === newest),
    )
  }

  #open(chunk: number, sealed: Buffer, isLast: boolean): Buffer {
    const plain = this.#part.seal.open(chunk, sealed, isLast)
    if (plain !== null) return plain
    const at = this.#part.start + chunk * SEALED_CHUNK_BYTES
    throw damaged(this.#path, `what lies from byte ${at} on is not what was encrypted`)
  }
}

/** Plain content and the SHA-256 of both, in one pass: what is hashed is what was opened. */
export async function hashSealed(
  path: string,
  keys: AgeKeys,
  visit: (plain: Buffer) => void = () => undefined,
): Promise<{ bytes: number; sha256: string; plain: { bytes: number; sha256: string } }> {
  const source = await SealedBytes.open(path, keys)
  try {
    const [sealedHash, plainHash] = [createHash('sha256'), createHash('sha256')]
    let bytes = 0
    for await (const chunk of source.stream((sealed) => {
      sealedHash.update(sealed)
      bytes += sealed.length
    })) {
      plainHash.update(chunk)
      visit(chunk)
    }
    const plain = { bytes: source.bytes, sha256: plainHash.digest('hex') }
    return { bytes, sha256: sealedHash.digest('hex'), plain }
  } finally {
    await source.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw toArchiveError(error, `opening ${path}`)
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<Buffer> {
  const start = Buffer.alloc(HEADER_BYTES_MAX)
  const { bytesRead } = await handle.read(start, 0, start.length, 0)
  const bytes = findHeaderBytes(start.subarray(0, bytesRead))
  if (bytes === null) throw damaged(path, 'it does not begin as a file of age does')
  return start.subarray(0, bytes)
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done)
    if (bytesRead === 0) throw new AgeError('CIPHERTEXT_DAMAGED', 'The encrypted file ends too early')
    done += bytesRead
  }
  return buffer
}

function damaged(path: string, why: string): AgeError {
  return new AgeError('CIPHERTEXT_DAMAGED', `${basename(path)} is damaged: ${why}`, {
    remedy: 'use a copy of the archive; what its sums say is in the report of verify',
  })
}
