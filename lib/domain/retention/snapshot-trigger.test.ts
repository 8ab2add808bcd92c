import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { longestGaplessMs, seedInterval, worstLoss } from './backup-interval.ts'
import { readServerSettings } from './server-settings.ts'
import { findTriggers, timesTo } from './snapshot-trigger.ts'
import { WriteMeter } from './write-rate.ts'

const DEFAULTS = { snapCount: 100_000, snapSizeLimitKb: 4 * 1024 * 1024, preAllocKb: 64 * 1024 }
const GIB = 1 << 30
const ENTRY_BYTES = 100

describe('what makes a server write a snapshot', () => {
  it('by default: fifty to a hundred thousand transactions, or two to four GiB of log', () => {
    const { txns, bytes, isSizeLimitBelowPadding } = findTriggers(DEFAULTS)
    expect(txns).toEqual({ min: 50_001, expected: 75_001, max: 100_000 })
    expect(bytes?.min).toBe(2 * GIB - (64 << 20) + 16 - 4096)
    expect(bytes?.max).toBeLessThanOrEqual(4 * GIB)
    expect(isSizeLimitBelowPadding).toBe(false)
  })

  it.each([
    [2, { min: 2, expected: 2, max: 2 }],
    [0, { min: 2, expected: 2, max: 2 }],
    [3, { min: 2, expected: 2, max: 2 }],
    [20, { min: 11, expected: 16, max: 20 }],
  ])('snapCount %d: %o transactions', (snapCount, txns) => {
    expect(findTriggers({ ...DEFAULTS, snapCount }).txns).toEqual(txns)
  })

  it('lies between the ends for every draw, by the server’s own condition', () => {
    const seed = Date.now() % 100_000
    const random = new SeededRandom(seed)
    for (let round = 0; round < 500; round++) {
      const snapCount = 2 + random.below(5000)
      const settings = { snapCount, snapSizeLimitKb: 1 + random.below(5000), preAllocKb: random.below(3) * 64 }
      const { txns, bytes } = findTriggers(settings)
      const half = Math.floor(snapCount / 2)
      const roll = random.below(half)
      let count = 0
      while (!(++count > half + roll));
      expect(count, `seed ${seed}`).toBeGreaterThanOrEqual(txns.min)
      expect(count, `seed ${seed}`).toBeLessThanOrEqual(txns.max)
      const halfBytes = Math.floor((settings.snapSizeLimitKb * 1024) / 2)
      const threshold = halfBytes + random.below(halfBytes)
      const written = simulatePadding(threshold, settings.preAllocKb * 1024)
      expect(written.before, `seed ${seed}`).toBeLessThanOrEqual((bytes?.max ?? 0) + ENTRY_BYTES)
      expect(written.after, `seed ${seed}`).toBeGreaterThanOrEqual(bytes?.min ?? 0)
    }
  })

  it('warns of a size limit that padding alone exceeds', () => {
    expect(findTriggers({ ...DEFAULTS, snapSizeLimitKb: 100 * 1024 }).isSizeLimitBelowPadding).toBe(true)
    expect(findTriggers({ ...DEFAULTS, snapSizeLimitKb: 100 * 1024, preAllocKb: 1024 }).isSizeLimitBelowPadding).toBe(
      false,
    )
    expect(findTriggers({ ...DEFAULTS, snapSizeLimitKb: 0 })).toMatchObject({
      bytes: null,
      isSizeLimitBelowPadding: false,
    })
  })

  it('comes at the first of the two, sooner when the log is part full, never on a quiet server', () => {
    const triggers = findTriggers({ snapCount: 100, snapSizeLimitKb: 0, preAllocKb: 0 })
    const rate = { txnsPerMs: 0.01, bytesPerMs: 1 }
    expect(timesTo(triggers, rate)).toEqual({ min: 5_100, expected: 7_600, max: 10_000 })
    expect(timesTo(triggers, rate, { txns: 60, bytes: 0 })).toEqual({ min: 0, expected: 1_600, max: 4_000 })
    expect(timesTo(triggers, { txnsPerMs: 0, bytesPerMs: 0 })).toBeNull()
    const bySize = findTriggers({ snapCount: 1_000_000, snapSizeLimitKb: 2, preAllocKb: 0 })
    expect(timesTo(bySize, rate)).toEqual({ min: 1_025, expected: 1_536, max: 2_048 })
  })
})

/** FilePadding and File.length(), entry by entry: data in the log before and after the entry that crossed the threshold. */
function simulatePadding(threshold: number, preAlloc: number): { before: number; after: number } {
  let [position, size] = [16, 16]
  for (;;) {
    const before = position
    if (preAlloc > 0 && position + 4096 >= size) {
      size = position > size ? position + preAlloc - ((position + preAlloc) % preAlloc) : size + preAlloc
    }
    position += ENTRY_BYTES
    if (Math.max(size, position) > threshold) return { before: before - 16, after: position }
  }
}

describe('a backup interval', () => {
  const rate = { txnsPerMs: 0.5, bytesPerMs: 100 }

  it('by the seed formula is a quarter of the time that fills a log', () => {
    expect(seedInterval(64_000, rate)).toBe(160)
    expect(seedInterval(64_000, { txnsPerMs: 0, bytesPerMs: 0 })).toBeNull()
    expect(seedInterval(0, rate)).toBeNull()
  })

  it('loses itself and the time of a backup at worst; only logs save what came after the last one', () => {
    const all = { timeMs: 61_000, txns: 30_500, bytes: 6_100_000 }
    const nothing = { timeMs: 0, txns: 0, bytes: 0 }
    const input = { intervalMs: 60_000, backupMs: 1_000, rate }
    expect(worstLoss({ kind: 'client', ...input })).toEqual({
      kind: 'client',
      whenAllIsLost: all,
      whenDisksRemain: all,
    })
    expect(worstLoss({ kind: 'admin', ...input })).toEqual({ kind: 'admin', whenAllIsLost: all, whenDisksRemain: all })
    expect(worstLoss({ kind: 'files', ...input })).toEqual({
      kind: 'files',
      whenAllIsLost: all,
      whenDisksRemain: nothing,
    })
  })

  it('is gapless up to the shortest time that a purge leaves', () => {
    expect(longestGaplessMs(3, 1_000)).toBe(2_000)
  })
})

describe('the write rate', () => {
  it('is measured by the logs’ own times, whatever the order', () => {
    const meter = new WriteMeter()
    expect(meter.measure()).toBeNull()
    for (const timeMs of [120_000, 0, 61_000, 62_000]) meter.add({ timeMs, bytes: 30, isChange: timeMs > 0 })
    expect(meter.measure()).toEqual({
      txns: 4,
      changes: 3,
      bytes: 120,
      firstMs: 0,
      lastMs: 120_000,
      mean: { txnsPerMs: 4 / 120_000, bytesPerMs: 0.001 },
      busiestMinute: { atMs: 60_000, txns: 2, bytes: 60 },
    })
  })

  it('has no mean of a single moment', () => {
    const meter = new WriteMeter()
    meter.add({ timeMs: 5, bytes: 30, isChange: true })
    expect(meter.measure()).toMatchObject({ mean: null, txns: 1 })
  })
})

describe('the settings of a server', () => {
  it('are marked as assumed where it told nothing', () => {
    const settings = readServerSettings({ properties: null, zooCfg: null })
    expect(settings.snapCount).toEqual({ value: 100_000, source: 'default' })
    expect(settings.purgeIntervalHours).toEqual({ value: 0, source: 'default' })
    expect(settings.snapRetainCount).toEqual({ value: 3, source: 'default' })
  })

  it('come from its properties, then from zoo.cfg; what is set nowhere is the default for sure', () => {
    const zooCfg =
      '# autopurge.purgeInterval=9\nautopurge.purgeInterval = 2\r\nautopurge.snapRetainCount=1\nsnapCount=7\n'
    const settings = readServerSettings({ properties: { 'zookeeper.snapCount': '500' }, zooCfg })
    expect(settings).toEqual({
      snapCount: { value: 500, source: 'server' },
      snapSizeLimitKb: { value: 4_194_304, source: 'server' },
      preAllocKb: { value: 65_536, source: 'server' },
      purgeIntervalHours: { value: 2, source: 'zoo.cfg' },
      snapRetainCount: { value: 3, source: 'zoo.cfg' },
    })
    expect(readServerSettings({ properties: null, zooCfg: 'snapCount=1' }).snapCount).toEqual({
      value: 2,
      source: 'zoo.cfg',
    })
  })
})
