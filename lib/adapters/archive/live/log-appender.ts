import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64Bare } from '../../../base/hex64.ts'
import { ADLER_START, adler32 } from '../../../domain/snapshot/adler32.ts'
import { FRAME_HEAD_BYTES, type TxnEntry } from '../../../domain/txnlog/entry.ts'
import { END_OF_ENTRY, LOG_HEAD_BYTES } from '../../../domain/txnlog/read-log.ts'
import { encodeLogHead } from '../../../domain/txnlog/write-log.ts'
import { toArchiveError } from '../errors.ts'
import { syncDir } from '../temp-dir.ts'

/** A log that is longer is followed by a new one. */
const LOG_BYTES_MAX = 64 << 20

/** Appends to native logs of a folder: what is written is whole but for its last write, and that is cut when it is read again. */
export class LogAppender {
  readonly #dir: string
  #handle: FileHandle | null = null
  #path = ''
  #bytes = 0
  #isDirNew = false
  #flushing: Promise<void> = Promise.resolve()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Goes on in a log whose whole entries end at `bytes`. */
  async resume(name: string, bytes: number): Promise<void> {
    this.#path = join(/* turbopackIgnore: true */ this.#dir, name)
    this.#handle = await open(this.#path, 'r+').catch((error: unknown) => {
      throw toArchiveError(error, `opening ${this.#path}`)
    })
    this.#bytes = bytes
  }

  /** In one write. What fails leaves the log as it was: the next goes to the same place. */
  async append(entries: readonly TxnEntry[]): Promise<number> {
    const [first] = entries
    if (first === undefined) return 0
    if (this.#bytes >= LOG_BYTES_MAX) await this.roll()
    try {
      if (this.#handle === null) await this.#begin(first.zxid)
      // Not "was opened by this call": a first write may have failed.
      const bytes = encodeEntries(entries, this.#bytes === 0)
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle!.write(bytes, at, bytes.length - at, this.#bytes + at)
        at += bytesWritten
      }
      this.#bytes += bytes.length
      return bytes.length
    } catch (error) {
      throw toArchiveError(error, `writing ${this.#path}`, { unaffected: 'what was written before is whole' })
    }
  }

  /** May run beside `append`. */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      await this.#handle?.datasync()
      if (!this.#isDirNew) return
      this.#isDirNew = false
      await syncDir(this.#dir)
    })
    try {
      await this.#flushing
    } catch (error) {
      this.#flushing = Promise.resolve()
      throw toArchiveError(error, `flushing ${this.#path}`)
    }
  }

  /** The next entry begins a new log. */
  async roll(): Promise<void> {
    if (this.#handle === null) return
    await this.flush()
    const handle = this.#handle
    this.#handle = null
    try {
      // What a write that failed has left behind.
      await handle.truncate(this.#bytes)
    } finally {
      this.#bytes = 0
      await handle.close()
    }
  }

  async #begin(first: bigint): Promise<void> {
    this.#path = join(/* turbopackIgnore: true */ this.#dir, `log.${formatHex64Bare(first)}`)
    this.#handle = await open(this.#path, 'wx', 0o640)
    this.#bytes = 0
    this.#isDirNew = true
  }
}

function encodeEntries(entries: readonly TxnEntry[], withHead: boolean): Buffer {
  let length = withHead ? LOG_HEAD_BYTES : 0
  for (const { start, end } of entries) length += FRAME_HEAD_BYTES + end - start + 1
  const bytes = Buffer.allocUnsafe(length)
  let at = withHead ? encodeLogHead().copy(bytes) : 0
  for (const { buffer, start, end } of entries) {
    at = bytes.writeUInt32BE(0, at)
    at = bytes.writeUInt32BE(adler32(ADLER_START, buffer, start, end), at)
    at = bytes.writeInt32BE(end - start, at)
    at += buffer.copy(bytes, at, start, end)
    bytes[at++] = END_OF_ENTRY
  }
  return bytes
}
