import { describe, expect, test } from 'vitest'
import { SharedReaders } from './shared-readers.ts'

class Reader {
  closed = false
  async close() {
    this.closed = true
  }
}

describe('shared readers', () => {
  test('an opening is shared, and given up only when nobody waits for it any more', async () => {
    const readers = new SharedReaders<Reader>(2)
    let signal: AbortSignal | null = null
    let finish: (reader: Reader) => void = () => undefined
    const open = (given: AbortSignal) => {
      signal = given
      return new Promise<Reader>((resolve) => {
        finish = resolve
      })
    }
    const [first, second] = [new AbortController(), new AbortController()]
    const one = readers.share('a', open, first.signal)
    const two = readers.share('a', open, second.signal)
    first.abort()
    await expect(one).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(signal).toMatchObject({ aborted: false })
    second.abort()
    await expect(two).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(signal).toMatchObject({ aborted: true })
    const late = new Reader()
    finish(late)
    await expect.poll(() => late.closed, { timeout: 10_000 }).toBe(true)
  })

  test('what is in use stays open, the one that was not used for longest is closed', async () => {
    const readers = new SharedReaders<Reader>(1)
    const first = await readers.share('a', async () => new Reader())
    const again = await readers.share('a', async () => new Reader())
    expect(again.reader).toBe(first.reader)
    await first.release()
    const other = await readers.share('b', async () => new Reader())
    expect(first.reader.closed).toBe(false)
    await again.release()
    expect(first.reader.closed).toBe(true)
    await other.release()
    expect(other.reader.closed).toBe(false)
    await readers.dropAll()
    expect(other.reader.closed).toBe(true)
  })

  test('a failure is not kept', async () => {
    const readers = new SharedReaders<Reader>(1)
    await expect(readers.share('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    const { reader } = await readers.share('a', async () => new Reader())
    expect(reader.closed).toBe(false)
  })
})
