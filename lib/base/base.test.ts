import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'
import { ArkeeperError, CancelledError, formatErrorLine, isArkeeperError, TimeoutError } from './errors.ts'
import { formatHex64, parseHex64 } from './hex64.ts'
import { stringifyJson } from './json.ts'

describe('hex64', () => {
  it('shows signed values as unsigned hex and reads them back', () => {
    for (const value of [0n, 0x1an, -1n, -0x8000000000000000n, 0x7fffffffffffffffn])
      expect(parseHex64(formatHex64(value))).toBe(value)
    expect(formatHex64(-1n)).toBe('0xffffffffffffffff')
  })

  it('refuses what is not a 64-bit number', () => {
    for (const text of ['', '0x', 'xyz', '0x10000000000000000', '-1']) expect(parseHex64(text)).toBeNull()
  })
})

describe('stringifyJson', () => {
  it('writes bigint as hex and bytes as base64, whatever the view of the bytes', () => {
    const view = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)
    expect(JSON.parse(stringifyJson({ zxid: 26n, view, buffer: Buffer.from([255]), none: null }))).toEqual({
      zxid: '0x1a',
      view: 'AQID',
      buffer: '/w==',
      none: null,
    })
  })
})

describe('withDeadline', () => {
  it('ends with a typed error when nothing answers', async () => {
    await expect(
      withDeadline(new Promise(() => undefined), { what: 'a silent call', timeoutMs: 5 }),
    ).rejects.toBeInstanceOf(TimeoutError)
  })

  it('ends at once when the caller gives up', async () => {
    const controller = new AbortController()
    const ended = withDeadline(new Promise(() => undefined), {
      what: 'a call',
      timeoutMs: 60_000,
      signal: controller.signal,
    })
    controller.abort()
    await expect(ended).rejects.toBeInstanceOf(CancelledError)
  })

  it('passes the answer and the failure of the work on', async () => {
    await expect(withDeadline(Promise.resolve(7), { what: 'a call', timeoutMs: 1000 })).resolves.toBe(7)
    await expect(withDeadline(Promise.reject(new Error('no')), { what: 'a call', timeoutMs: 1000 })).rejects.toThrow(
      'no',
    )
  })
})

describe('ArkeeperError', () => {
  class RoomError extends ArkeeperError<'X'> {
    static override readonly family: string = 'room'
  }
  class NamelessError extends ArkeeperError<'X'> {}

  it('knows an error that a copy of the same class has made, and no other', () => {
    class CopyOfRoomError extends ArkeeperError<'X'> {
      static override readonly family: string = 'room'
    }
    const error = new CopyOfRoomError('X', 'failed')
    expect(error instanceof RoomError).toBe(true)
    expect(error instanceof ArkeeperError).toBe(true)
    expect(error instanceof Error).toBe(true)
    expect(error instanceof TimeoutError).toBe(false)
    expect(new Error('plain') instanceof ArkeeperError).toBe(false)
    expect(isArkeeperError(null)).toBe(false)
  })

  it('refuses a class without a family: it would pass for its parent', () => {
    expect(() => new NamelessError('X', 'failed')).toThrow('family')
  })
})

describe('formatErrorLine', () => {
  it('is one line with the code in front, without details', () => {
    const error = new TimeoutError('reading\n/a', 5, { details: { secret: 'x' }, remedy: 'try again' })
    expect(formatErrorLine(error)).toBe('TIMEOUT: reading /a — try again')
  })
})
