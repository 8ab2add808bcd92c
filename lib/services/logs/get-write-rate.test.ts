import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { encodeEntry } from '../../testing/log-builder.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { type GetWriteRateInput, getWriteRate } from './get-write-rate.ts'
import { logFolder } from './log-folder.ts'

const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

let services: TestServices
let clusterId = ''
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  const added = await addCluster(services.contextFor('admin'), { name: 'orders', connectString: '127.0.0.1:1' })
  clusterId = added.id
})
afterEach(() => services.close())

/** One transaction at each of these times. */
async function append(first: bigint, timesMs: readonly number[]): Promise<void> {
  const entries = timesMs.map((timeMs, i) =>
    TxnEntry.fromBytes(
      encodeEntry({ type: TXN_TYPE.createSession, zxid: first + BigInt(i), timeMs, record: Buffer.alloc(4) }),
    ),
  )
  const dir = logFolder(services.contextFor('admin'), 'orders')
  const stream = (async function* () {
    yield entries
  })()
  await services.contextFor('admin').archives.logs.append(dir, { entries: stream, members: [] })
}
const rate = (input: Omit<GetWriteRateInput, 'clusterId'> = {}) =>
  getWriteRate(services.contextFor('viewer'), { clusterId, ...input })

describe('the write rate', () => {
  it('of nothing archived is none', async () => {
    expect(await rate()).toBeNull()
    await expect(getWriteRate(services.contextFor('viewer'), { clusterId: 'nowhere' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('counts minutes, with the first zxid of each, whatever the clock does', async () => {
    await append(1n, [START, START + 1, START + 5 * MINUTE, START + 3 * MINUTE, START + 3 * MINUTE + 59_999])
    expect(await rate()).toEqual({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-01T00:06:00.000Z',
      bucketMs: MINUTE,
      counts: [2, 0, 0, 2, 0, 1],
      firstZxids: ['0x1', null, null, '0x4', null, '0x3'],
      transactions: 5,
      gaps: [],
    })
  })

  it('is the same sum at any width, over pieces and gaps', async () => {
    const spread = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i * 7 * MINUTE)
    await append(1n, spread(START, 100))
    await append(1000n, spread(START + 1000 * MINUTE, 50))
    for (const buckets of [1, 2, 7, 60, 500, 9999]) {
      const view = await rate({ buckets })
      expect(view!.counts.length).toBeLessThanOrEqual(Math.min(buckets, 500))
      expect(view!.counts.reduce((sum, count) => sum + count, 0)).toBe(150)
      expect(Date.parse(view!.to) - Date.parse(view!.from)).toBe(view!.counts.length * view!.bucketMs)
      expect(view!.firstZxids[0]).toBe('0x1')
      expect(view!.gaps).toEqual([
        {
          after: formatHex64(100n),
          before: formatHex64(1000n),
          from: new Date(START + 99 * 7 * MINUTE).toISOString(),
          to: new Date(START + 1000 * MINUTE).toISOString(),
        },
      ])
    }
  })

  it('of a part: by times, or by zxids', async () => {
    await append(1n, [START, START + MINUTE, START + 2 * MINUTE])
    await append(9n, [START + 60 * MINUTE, START + 61 * MINUTE])
    // What is missing is shown where it touches what is looked at.
    expect(await rate({ from: START + MINUTE, to: START + 2 * MINUTE })).toMatchObject({
      counts: [1, 1],
      gaps: [{ after: '0x3', before: '0x9' }],
    })
    expect(await rate({ to: START + MINUTE })).toMatchObject({ counts: [1, 1], gaps: [] })
    expect(await rate({ from: 9n })).toMatchObject({ counts: [1, 1], firstZxids: ['0x9', '0xa'] })
    expect(await rate({ from: 10n })).toMatchObject({ counts: [1], firstZxids: ['0xa'] })
    expect(await rate({ to: 8n })).toMatchObject({ counts: [1, 1, 1] })
  })
})
