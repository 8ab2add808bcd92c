import { describe, expect, it } from 'vitest'
import { drawHistory, type HistoryRow } from './series.ts'

const NOW = Date.UTC(2026, 10, 26, 12, 0, 30)
const MINUTE = 60_000
const NOTHING = {
  zxid: null,
  uptimeMs: null,
  latencyAvg: null,
  readCount: null,
  readMs: null,
  updateCount: null,
  updateMs: null,
  outstanding: null,
  connections: null,
  znodes: null,
  watches: null,
  dataBytes: null,
  packetsReceived: null,
  openFiles: null,
  openFilesMax: null,
  syncedFollowers: null,
  fsyncCount: null,
  fsyncMs: null,
  digestMismatches: null,
}

const row = (minutesAgo: number, more: Partial<HistoryRow> = {}): HistoryRow => ({
  ...NOTHING,
  server: 'zk1',
  atMs: NOW - minutesAgo * MINUTE,
  ok: true,
  role: 'follower',
  ...more,
})
const draw = (rows: readonly HistoryRow[], range: 'hour' | 'day' | 'week' | 'month' = 'hour', everyMs = MINUTE) =>
  drawHistory(rows, { range, nowMs: NOW, everyMs })
const lines = (rows: readonly HistoryRow[], key: string, range: 'hour' | 'day' = 'hour', everyMs = MINUTE) =>
  draw(rows, range, everyMs).charts.find((chart) => chart.key === key)?.series[0]?.lines

describe('an axis', () => {
  it.each([
    ['hour', 60, MINUTE],
    ['day', 144, 10 * MINUTE],
    ['week', 168, 60 * MINUTE],
    ['month', 180, 240 * MINUTE],
  ] as const)('of a %s ends now in %i parts', (range, buckets, bucketMs) => {
    expect(draw([], range)).toMatchObject({ buckets, bucketMs, servers: [], leaderChanges: [] })
    expect(Date.parse(draw([], range).to)).toBeGreaterThan(NOW)
  })

  it('is no finer than the looks', () => {
    expect(draw([], 'hour', 5 * MINUTE)).toMatchObject({ buckets: 12, bucketMs: 5 * MINUTE })
  })
})

describe('lines', () => {
  it('go through looks that are a little late or early', () => {
    const rows = [row(4), row(3.02), row(1.99), row(1)].map((each, i) => ({ ...each, outstanding: i }))
    expect(lines(rows, 'outstanding')).toHaveLength(1)
  })

  it('break where nobody looked, and where the server did not serve', () => {
    const rows = [row(30), row(29), row(20), row(19), row(18, { ok: false, role: null }), row(17)]
    const drawn = lines(
      rows.map((each) => ({ ...each, outstanding: each.ok ? 1 : null })),
      'outstanding',
    )
    expect(drawn?.map((line) => line.length)).toEqual([2, 2, 1])
  })

  it('take the worst of a bucket, and the latest of what has no worst', () => {
    const rows = [row(25), row(24), row(23)].map((each, i) => ({
      ...each,
      outstanding: [1, 9, 2][i] ?? 0,
      znodes: [5, 7, 6][i] ?? 0,
    }))
    expect(
      lines(rows, 'outstanding', 'day')
        ?.flat()
        .map(([, value]) => value),
    ).toEqual([9])
    expect(
      lines(rows, 'znodes', 'day')
        ?.flat()
        .map(([, value]) => value),
    ).toEqual([6])
  })

  it('of counters are differences, and none over a new start of the server', () => {
    const rows = [
      row(5, { packetsReceived: 100n, uptimeMs: 60_000n }),
      row(4, { packetsReceived: 700n, uptimeMs: 120_000n }),
      row(3, { packetsReceived: 6n, uptimeMs: 1_000n }),
      // Counts more than before although it was started between.
      row(2, { packetsReceived: 9000n, uptimeMs: 500n }),
      row(1, { packetsReceived: 9060n, uptimeMs: 60_500n }),
    ]
    expect(
      lines(rows, 'requests')
        ?.flat()
        .map(([, value]) => value),
    ).toEqual([10, 1])
  })

  it('of latency are of the requests between two looks, and of none where there was none', () => {
    const counts = (reads: bigint, ms: bigint) => ({
      readCount: reads,
      readMs: ms,
      updateCount: 0n,
      updateMs: 0n,
      latencyAvg: 99,
    })
    const rows = [
      row(4, counts(10n, 10n)),
      row(3, counts(20n, 40n)),
      row(2, counts(20n, 40n)),
      row(1, counts(30n, 45n)),
    ]
    expect(
      lines(rows, 'latency')
        ?.flat()
        .map(([, value]) => value),
    ).toEqual([3, 0.5])
    // An older server tells only the average since its start.
    expect(
      lines([row(2, { latencyAvg: 4 })], 'latency')
        ?.flat()
        .map(([, value]) => value),
    ).toEqual([4])
  })

  it('of descriptors are shares', () => {
    expect(lines([row(1, { openFiles: 50, openFilesMax: 200n })], 'openFiles')?.flat()[0]?.[1]).toBe(25)
  })
})

describe('leaders', () => {
  const lead = (minutesAgo: number, server: string, epoch: bigint) =>
    row(minutesAgo, { server, role: 'leader', zxid: (epoch << 32n) + 7n })

  it('change when another one leads, and when the same one was elected again', () => {
    const changes = draw([lead(9, 'zk1', 1n), lead(8, 'zk1', 1n), lead(5, 'zk2', 2n), lead(3, 'zk2', 3n)]).leaderChanges
    expect(changes.map(({ from, to, epoch }) => [from, to, epoch])).toEqual([
      ['zk1', 'zk2', 2],
      ['zk2', 'zk2', 3],
    ])
  })

  it('do not change to one that has not noticed yet that it is none', () => {
    expect(
      draw([lead(9, 'zk1', 1n), lead(5, 'zk2', 2n), lead(5, 'zk1', 1n), lead(4, 'zk2', 2n)]).leaderChanges,
    ).toHaveLength(1)
  })
})

it('roles are spans, with what was down in its place and nothing where nobody looked', () => {
  const rows = [
    row(30, { role: 'leader' }),
    row(29, { role: 'leader' }),
    row(28, { ok: false, role: null }),
    row(27),
    row(10),
    row(9),
  ]
  const spans = draw(rows).roles[0]?.spans ?? []
  expect(spans.map(({ role, fromBucket, toBucket }) => [role, toBucket - fromBucket])).toEqual([
    ['leader', 2],
    ['down', 1],
    ['follower', 1],
    ['follower', 2],
  ])
})

it('a short loss is seen in a long range', () => {
  const rows = [row(600), row(599, { ok: false, role: null }), row(598), row(590)]
  expect(draw(rows, 'month').roles[0]?.spans.map(({ role }) => role)).toEqual(['down'])
})
