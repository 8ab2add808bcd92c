import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** A new file, written front to back; knows its length and SHA-256 and is on the disk when `finish` returns. */
export class NewFile {
  readonly #handle: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Fails when the file exists. */
  static async create(path: string): Promise<NewFile> {
    return new NewFile(await open(path, 'wx', 0o640))
  }

  get bytes(): number {
    return this.#bytes
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at, this.#bytes + at)
      at += bytesWritten
    }
    this.#bytes += chunk.length
  }

  /** Hex SHA-256 of what was written. */
  async finish(): Promise<string> {
    await this.#handle.sync()
    await this.#handle.close()
    return this.#hash.digest('hex')
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

export async function writeNewFile(path: string, content: string | Uint8Array) {
  const file = await NewFile.create(path)
  try {
    const chunk = typeof content === 'string' ? Buffer.from(content) : content
    await file.write(chunk)
    return { bytes: chunk.length, sha256: await file.finish() }
  } finally {
    await file.close()
  }
}
