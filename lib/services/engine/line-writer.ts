import type { FileHandle } from 'node:fs/promises'

const FLUSH_BYTES = 256 * 1024

/** Lines into a file, some hundred kilobytes at once. `write` gives a promise when it is worth waiting for. */
export class LineWriter {
  readonly #file: FileHandle
  #pending: string[] = []
  #length = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  write(line: string): Promise<void> | undefined {
    this.#pending.push(line, '\n')
    this.#length += line.length + 1
    return this.#length >= FLUSH_BYTES ? this.flush() : undefined
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#file.sync()
    await this.#file.close()
  }

  async discard(): Promise<void> {
    this.#pending = []
    await this.#file.close().catch(() => undefined)
  }

  async flush(): Promise<void> {
    const text = this.#pending.join('')
    this.#pending = []
    this.#length = 0
    // Not `write`, which may stop in the middle of a text without a word.
    if (text !== '') await this.#file.appendFile(text)
  }
}
