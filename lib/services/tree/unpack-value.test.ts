import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { UNPACKED_BYTES_MAX, unpackValue } from './unpack-value.ts'

const CONTENT = '{"pool":32,"retries":5}'
/** Written by the gzip and zstd commands. */
const BY_COMMAND = {
  gzip: '1f8b0800000000000003ab562ac8cfcf51b23236d2512a4a2d29ca4c2d56b232ad0500b5951c3c17000000',
  zstd: '28b52ffd0458b900007b22706f6f6c223a33322c2272657472696573223a357d5b3939e1',
} as const
const PACKINGS = ['gzip', 'zstd'] as const
const pack = (packing: 'gzip' | 'zstd', data: Uint8Array) =>
  packing === 'gzip' ? gzipSync(data) : zstdCompressSync(data)
const text = (unpacked: Awaited<ReturnType<typeof unpackValue>>) =>
  unpacked?.kind === 'unpacked' ? Buffer.from(unpacked.data).toString() : unpacked

describe.each(PACKINGS)('%s', (packing) => {
  const whole = Buffer.from(BY_COMMAND[packing], 'hex')

  test('gives what the command packed', async () => {
    const unpacked = await unpackValue(whole)
    expect(unpacked).toMatchObject({ kind: 'unpacked', packing })
    expect(text(unpacked)).toBe(CONTENT)
  })

  test('gives empty data and several parts one after the other', async () => {
    expect(text(await unpackValue(pack(packing, Buffer.alloc(0))))).toBe('')
    expect(text(await unpackValue(Buffer.concat([whole, whole, whole])))).toBe(CONTENT.repeat(3))
  })

  test('says so when it is cut, at every byte, and gives nothing of it', async () => {
    for (let length = packing === 'gzip' ? 3 : 4; length < whole.length; length++) {
      expect(await unpackValue(whole.subarray(0, length)), `${length} bytes`).toMatchObject({
        kind: 'failed',
        packing,
        message: 'it ends before the packed data does',
      })
    }
  })

  test('says so when bytes of it were changed, or others follow', async () => {
    const changed = Buffer.from(whole)
    changed[16] = 0x41
    expect(await unpackValue(changed)).toMatchObject({ kind: 'failed', message: expect.stringContaining('damaged') })
    expect(await unpackValue(Buffer.concat([whole, Buffer.from('more')]))).toMatchObject({ kind: 'failed' })
    expect(await unpackValue(Buffer.concat([whole, whole.subarray(0, -4)]))).toMatchObject({ kind: 'failed' })
  })

  test('stops at the limit, which itself is allowed', async () => {
    const atLimit = await unpackValue(pack(packing, Buffer.alloc(UNPACKED_BYTES_MAX)))
    expect(atLimit?.kind === 'unpacked' && atLimit.data.length).toBe(UNPACKED_BYTES_MAX)
    const message = 'it unpacks to more than 16 MiB, which is not shown here'
    const beyond = pack(packing, Buffer.alloc(UNPACKED_BYTES_MAX + 1))
    expect(await unpackValue(beyond)).toEqual({ kind: 'failed', packing, message })
    const half = pack(packing, Buffer.alloc(UNPACKED_BYTES_MAX / 2 + 1))
    expect(await unpackValue(Buffer.concat([half, half]))).toEqual({ kind: 'failed', packing, message })
  })

  test('takes off one layer only', async () => {
    const inner = pack(packing, Buffer.from(CONTENT))
    const unpacked = await unpackValue(pack(packing, inner))
    expect(unpacked?.kind === 'unpacked' && Buffer.compare(unpacked.data, inner)).toBe(0)
  })
})

test('what is not packed is left alone', async () => {
  for (const data of [null, Buffer.alloc(0), Buffer.from(CONTENT), Buffer.from('1f8b07', 'hex')]) {
    expect(await unpackValue(data)).toBeNull()
  }
})
