import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** Of a file as it lies there; `plain` of its content, where that is encrypted. */
export interface FileSums {
  readonly bytes: number
  readonly sha256: string
  readonly plain?: { readonly bytes: number; readonly sha256: string }
}

/** A new file, written front to back; it is on the disk when `finish` returns. */
export interface OutFile {
  readonly bytes: number
  write(chunk: Uint8Array): Promise<void>
  /** Leaves room for what is known only later, and written by `fill`. */
  skip(bytes: number): void
  fill(position: number, chunk: Uint8Array): Promise<void>
  /** What was written before the call is on the disk when it returns. */
  flush(): Promise<void>
  finish(): Promise<void>
  close(): Promise<void>
}

export class NewFile implements OutFile {
  readonly #handle: FileHandle
  #bytes = 0
  #finished = false

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
    await this.#writeAt(this.#bytes, chunk)
    this.#bytes += chunk.length
  }

  skip(bytes: number): void {
    this.#bytes += bytes
  }

  async fill(position: number, chunk: Uint8Array): Promise<void> {
    await this.#writeAt(position, chunk)
  }

  async flush(): Promise<void> {
    if (!this.#finished) await this.#handle.datasync()
  }

  async finish(): Promise<void> {
    await this.#handle.sync()
    this.#finished = true
    await this.#handle.close()
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #writeAt(position: number, chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at, position + at)
      at += bytesWritten
    }
  }
}

export async function writeNewFile(path: string, content: string | Uint8Array) {
  const file = await NewFile.create(path)
  try {
    const chunk = typeof content === 'string' ? Buffer.from(content) : content
    await file.write(chunk)
    await file.finish()
    return { bytes: chunk.length, sha256: sha256Of(chunk) }
  } finally {
    await file.close()
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
