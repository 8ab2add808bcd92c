import { type FileHandle, open, rm } from 'node:fs/promises'
import type { SharedLines } from '../../adapters/workfiles/work-files.ts'

const FLUSH_BYTES = 256 * 1024

/** Records as lines of JSON into a new file, many lines a write. Appending is cheap and waits for nothing; `flush` when `isFull`. */
export class JsonLinesWriter {
  readonly path: string
  readonly #file: FileHandle
  readonly #shared: SharedLines | null
  #count = 0
  #bytes = 0
  #pending: string[] = []
  #pendingBytes = 0

  private constructor(path: string, file: FileHandle, shared: SharedLines | null) {
    this.path = path
    this.#file = file
    this.#shared = shared
  }

  /** The file must not exist: two writers never share one. `shared` is given all that is flushed. */
  static async create(path: string, shared: SharedLines | null = null): Promise<JsonLinesWriter> {
    return new JsonLinesWriter(path, await open(path, 'wx', 0o600), shared)
  }

  /** Lines appended so far. */
  get count(): number {
    return this.#count
  }

  /** Length of the file once everything is flushed: where the next line begins. */
  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#pendingBytes >= FLUSH_BYTES
  }

  append(record: unknown): void {
    const line = `${JSON.stringify(record)}\n`
    const bytes = Buffer.byteLength(line)
    this.#count++
    this.#bytes += bytes
    this.#pending.push(line)
    this.#pendingBytes += bytes
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const text = this.#pending.join('')
    this.#pending = []
    this.#pendingBytes = 0
    // Not `write`, which may stop in the middle of a text without a word.
    await this.#file.appendFile(text)
    await this.#shared?.appendText(text)
  }

  /** Everything is on the disk, and the file is closed. */
  async finish(): Promise<void> {
    await this.flush()
    await this.#file.sync()
    await this.#file.close()
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#file.close()
    await rm(this.path, { force: true })
  }
}
