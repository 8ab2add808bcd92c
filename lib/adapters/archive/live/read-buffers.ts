import { type ByteSource, FileBytes } from '../byte-source.ts'

const BUFFERS_MAX = 8

/** Buffers that are read into again and again: thousands of reads a second would leave as many behind. */
export class ReadBuffers {
  readonly #bytes: number
  readonly #free: Buffer[] = []

  /** `bytes`: of most reads; longer ones have buffers of their own. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** The first `length` bytes of what `work` is given are those asked for, until it returns. */
  async read<T>(
    source: ByteSource,
    span: { readonly offset: number; readonly length: number },
    work: (bytes: Buffer) => T | Promise<T>,
  ): Promise<T> {
    const { offset, length } = span
    if (!(source instanceof FileBytes)) return work(await source.read(offset, length))
    if (length > this.#bytes) return work(await source.read(offset, length))
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
    try {
      await source.readInto(buffer, offset, length)
      return await work(buffer)
    } finally {
      if (this.#free.length < BUFFERS_MAX) this.#free.push(buffer)
    }
  }
}
