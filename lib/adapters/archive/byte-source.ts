import { type FileHandle, open } from 'node:fs/promises'
import { snapshotFault } from '../../domain/snapshot/errors.ts'
import { toArchiveError } from './errors.ts'

/** Bytes that can be read anywhere: a file, or memory. */
export interface ByteSource {
  readonly bytes: number
  /** Exactly `length` bytes, in a buffer of their own. Throws SnapshotError TRUNCATED where the source ends before. */
  read(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

export class FileBytes implements ByteSource {
  readonly bytes: number
  readonly #path: string
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle, bytes: number) {
    this.#path = path
    this.#handle = handle
    this.bytes = bytes
  }

  static async open(path: string): Promise<FileBytes> {
    try {
      const handle = await open(path, 'r')
      return new FileBytes(path, handle, (await handle.stat()).size)
    } catch (error) {
      throw toArchiveError(error, `opening ${path}`)
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length)
    await this.readInto(buffer, offset, length)
    return buffer
  }

  /** As `read`, into the beginning of a buffer that is used again and again. */
  async readInto(buffer: Buffer, offset: number, length: number): Promise<void> {
    let done = 0
    try {
      while (done < length) {
        const { bytesRead } = await this.#handle.read(buffer, done, length - done, offset + done)
        if (bytesRead === 0) throw endOf(offset + done, length - done)
        done += bytesRead
      }
    } catch (error) {
      throw toArchiveError(error, `reading ${this.#path}`)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** Consecutive buffers seen as one source; for snapshots small enough to be kept. */
export class MemoryBytes implements ByteSource {
  readonly bytes: number
  readonly #whole: Buffer

  constructor(whole: Buffer) {
    this.#whole = whole
    this.bytes = whole.length
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.bytes) throw endOf(this.bytes, offset + length - this.bytes)
    return this.#whole.subarray(offset, offset + length)
  }

  async close(): Promise<void> {
    // Memory needs no closing.
  }
}

function endOf(offset: number, missing: number) {
  return snapshotFault('TRUNCATED', { offset, expected: `${missing} more bytes`, found: 'the end of the file' })
}
