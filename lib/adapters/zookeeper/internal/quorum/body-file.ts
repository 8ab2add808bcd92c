import { type FileHandle, open, rm } from 'node:fs/promises'
import { ByteWriter } from '../../../../base/bytes.ts'
import { ADLER_START, adler32 } from '../../../../domain/snapshot/adler32.ts'
import { SNAPSHOT_MAGIC, SNAPSHOT_VERSION } from '../../../../domain/snapshot/read-snapshot.ts'
import type { BodySink, BodySinkEvents } from '../../observer.ts'

/** Bytes that wait for the disk before the leader has to wait, and at which it goes on. */
const PENDING_BYTES_MAX = 32 << 20
const PENDING_BYTES_LOW = 8 << 20

/**
 * A leader's tree on its way to the disk, as a native snapshot: what the leader leaves out (the head, and the seal with the checksum of all
 * before it) is put around it, so that whatever reads snapshots takes it, and finds out when the disk has lost a bit.
 */
export class BodyFile implements BodySink {
  readonly path: string
  readonly #events: BodySinkEvents
  #handle: FileHandle | null = null
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #isPaused = false
  #bytes = 0
  #adler = ADLER_START
  #writing: Promise<void> = Promise.resolve()
  #isWriting = false
  #failed = false
  #error: unknown = null

  constructor(path: string, events: BodySinkEvents) {
    this.path = path
    this.#events = events
    const head = new ByteWriter(16)
    head.int32(SNAPSHOT_MAGIC)
    head.int32(SNAPSHOT_VERSION)
    head.int64(-1n)
    this.add(head.bytes())
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes bytes without waiting; they must not be changed any more. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#adler = adler32(this.#adler, bytes)
    this.#put(bytes)
  }

  /** Seals the file. Resolves when all of it is written; throws what `fail` was told as well. */
  async finish(): Promise<void> {
    const seal = new ByteWriter(16)
    seal.int64(BigInt(this.#adler))
    seal.string('/')
    this.#put(seal.bytes())
    await this.#writing
    await this.#handle?.close()
    this.#handle = null
    if (this.#error !== null) throw this.#error
  }

  /** Leaves no file behind. */
  async discard(): Promise<void> {
    this.#failed = true
    await this.#writing
    await this.#handle?.close()
    this.#handle = null
    await rm(this.path, { force: true })
  }

  #put(bytes: Uint8Array): void {
    if (this.#failed) return
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    this.#bytes += bytes.length
    if (!this.#isPaused && this.#pendingBytes > PENDING_BYTES_MAX) {
      this.#isPaused = true
      this.#events.pause()
    }
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writing = this.#write()
  }

  async #write(): Promise<void> {
    try {
      this.#handle ??= await open(this.path, 'wx', 0o600)
      while (this.#pending.length > 0 && !this.#failed) {
        const taken = this.#pending
        this.#pending = []
        await writeAll(this.#handle, taken)
        for (const { length } of taken) this.#pendingBytes -= length
        if (this.#isPaused && this.#pendingBytes < PENDING_BYTES_LOW) {
          this.#isPaused = false
          this.#events.resume()
        }
      }
    } catch (error) {
      this.#failed = true
      this.#error = error
      this.#pending = []
      this.#events.fail(error)
    } finally {
      this.#isWriting = false
    }
  }
}

export const openBodyFile = (path: string, events: BodySinkEvents): BodySink => new BodyFile(path, events)

/** As many buffers as systems take in one call (IOV_MAX). */
const BUFFERS_MAX = 512

async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[]): Promise<void> {
  for (let at = 0; at < buffers.length; at += BUFFERS_MAX) {
    let rest = buffers.slice(at, at + BUFFERS_MAX)
    while (rest.length > 0) {
      const { bytesWritten } = await handle.writev(rest)
      let left = bytesWritten
      const whole = rest.findIndex((one) => {
        if (left < one.length) return true
        left -= one.length
        return false
      })
      rest = whole === -1 ? [] : [rest[whole]!.subarray(left), ...rest.slice(whole + 1)]
    }
  }
}
