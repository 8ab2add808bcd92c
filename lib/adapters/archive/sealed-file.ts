import { CHUNK_BYTES, ChunkSeal, makeHeader, SEALED_CHUNK_BYTES } from '../age/seal.ts'
import type { ByteSource } from './byte-source.ts'
import { SealedBytes } from './sealed-bytes.ts'
import { NewFile, type OutFile } from './write-file.ts'

/**
 * A new file of age, written as if it were a plain one: only what is sealed ever reaches the disk. Chunks with a room that is filled later,
 * and the newest, which may be the last, stay in memory until `finish`: a chunk is sealed once and never again.
 */
export class SealedFile implements OutFile {
  readonly header: Buffer
  readonly fileKey: Uint8Array
  readonly #path: string
  readonly #file: NewFile
  readonly #seal: ChunkSeal
  readonly #start: number
  readonly #open = new Map<number, Buffer>()
  /** Chunks below it wait for their room to be filled. */
  #roomEnd = 0
  #bytes = 0
  #finished = false

  private constructor(input: { path: string; file: NewFile; header: Buffer; fileKey: Uint8Array; seal: ChunkSeal }) {
    this.#path = input.path
    this.#file = input.file
    this.header = input.header
    this.fileKey = input.fileKey
    this.#seal = input.seal
    this.#start = input.file.bytes
  }

  static async create(path: string, recipients: readonly string[]): Promise<SealedFile> {
    const { header, fileKey } = await makeHeader(recipients)
    const file = await NewFile.create(path)
    try {
      const seal = ChunkSeal.forNewFile(fileKey)
      await file.write(header)
      await file.write(seal.nonce)
      return new SealedFile({ path, file, header, fileKey, seal })
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Of the plain content. */
  get bytes(): number {
    return this.#bytes
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#put(this.#bytes, chunk)
    this.#bytes += chunk.length
    await this.#sealUpTo(Math.floor((this.#bytes - 1) / CHUNK_BYTES))
  }

  skip(bytes: number): void {
    for (let at = this.#bytes; at < this.#bytes + bytes; at += CHUNK_BYTES) this.#chunkOf(at)
    this.#bytes += bytes
    this.#roomEnd = Math.ceil(this.#bytes / CHUNK_BYTES)
  }

  async fill(position: number, chunk: Uint8Array): Promise<void> {
    this.#put(position, chunk)
  }

  async flush(): Promise<void> {
    await this.#file.flush()
  }

  async finish(): Promise<void> {
    this.#roomEnd = 0
    const last = Math.max(0, Math.ceil(this.#bytes / CHUNK_BYTES) - 1)
    await this.#sealUpTo(last)
    const plain = this.#chunkOf(last * CHUNK_BYTES).subarray(0, this.#bytes - last * CHUNK_BYTES)
    await this.#place(last, this.#seal.seal(last, plain, true))
    this.#open.clear()
    this.#finished = true
    await this.#file.finish()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** What was written so far, read back: from the disk what is sealed, from memory what is not yet. */
  async source(): Promise<ByteSource> {
    const sealed = await SealedBytes.openPart(this.#path, { seal: this.#seal, start: this.#start })
    return {
      bytes: 0,
      read: async (offset, length) => {
        const parts: Buffer[] = []
        for (let at = offset; at < offset + length; ) {
          const chunk = Math.floor(at / CHUNK_BYTES)
          const from = at - chunk * CHUNK_BYTES
          const to = Math.min(CHUNK_BYTES, offset + length - chunk * CHUNK_BYTES)
          const inMemory = this.#open.get(chunk)
          parts.push(
            inMemory
              ? Buffer.from(inMemory.subarray(from, to))
              : (await sealed.readChunk(chunk, this.#finished && this.#isLast(chunk))).subarray(from, to),
          )
          at += to - from
        }
        return Buffer.concat(parts, length)
      },
      close: () => sealed.close(),
    }
  }

  #isLast(chunk: number): boolean {
    return chunk === Math.max(0, Math.ceil(this.#bytes / CHUNK_BYTES) - 1)
  }

  #put(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done
      const from = at % CHUNK_BYTES
      const length = Math.min(CHUNK_BYTES - from, bytes.length - done)
      this.#chunkOf(at).set(bytes.subarray(done, done + length), from)
      done += length
    }
  }

  #chunkOf(position: number): Buffer {
    const chunk = Math.floor(position / CHUNK_BYTES)
    let buffer = this.#open.get(chunk)
    if (buffer === undefined) {
      buffer = Buffer.alloc(CHUNK_BYTES)
      this.#open.set(chunk, buffer)
    }
    return buffer
  }

  /** Seals what is whole and has others behind it. */
  async #sealUpTo(newest: number): Promise<void> {
    for (const [chunk, plain] of [...this.#open].sort(([a], [b]) => a - b)) {
      if (chunk < this.#roomEnd || chunk >= newest) continue
      await this.#place(chunk, this.#seal.seal(chunk, plain, false))
      this.#open.delete(chunk)
    }
  }

  async #place(chunk: number, sealed: Buffer): Promise<void> {
    await this.#file.fill(this.#start + chunk * SEALED_CHUNK_BYTES, sealed)
  }
}
