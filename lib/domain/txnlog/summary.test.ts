import { describe, expect, test } from 'vitest'
import {
  create,
  deleteRecord,
  encodeLog,
  multiRecord,
  setDataRecord,
  type TxnSketch,
} from '../../testing/log-builder.ts'
import type { TxnEntry } from './entry.ts'
import { LogReader } from './read-log.ts'
import { SUMMARIES_MAX, SUMMARY_PATHS_MAX, SummaryGatherer, summarizeTxn, summaryPageSchema } from './summary.ts'
import { TXN_TYPE } from './txn.ts'
import { HIT_PATHS_MAX, PathWatcher } from './watched-paths.ts'

async function read(sketches: readonly TxnSketch[]): Promise<TxnEntry[]> {
  const bytes = encodeLog(sketches)
  const reader = new LogReader(
    (async function* () {
      yield bytes
    })(),
  )
  const entries: TxnEntry[] = []
  for await (const batch of reader.readEntries()) entries.push(...batch)
  return entries
}

const setData = (path: string) => ({ type: TXN_TYPE.setData, record: setDataRecord(path, 'secret', 1) })
const remove = (path: string) => ({ type: TXN_TYPE.delete, record: deleteRecord(path) })
const multi = (zxid: bigint, parts: Parameters<typeof multiRecord>[0]): TxnSketch => ({
  zxid,
  type: TXN_TYPE.multi,
  record: multiRecord(parts),
})
const failure = (error: number) => ({
  type: TXN_TYPE.error,
  record: (writer: Parameters<ReturnType<typeof deleteRecord>>[0]) => void writer.int32(error),
})

describe('the summary of a transaction', () => {
  test('names what it touched and never data', async () => {
    const [first, second] = await read([
      create(1n, { path: '/a', data: 'secret' }),
      multi(2n, [setData('/a'), remove('/b')]),
    ])
    expect(summarizeTxn(first!)).toMatchObject({
      zxid: '0x1',
      type: 'create',
      error: null,
      touched: [{ did: 'create', path: '/a' }],
      touchedCount: 1,
    })
    const summary = summarizeTxn(second!)
    expect(summary.type).toBe('multi')
    expect(summary.touched).toEqual([
      { did: 'setData', path: '/a' },
      { did: 'delete', path: '/b' },
    ])
    expect(JSON.stringify(summary)).not.toContain('secret')
  })

  test('of a multi that failed says why and touches nothing', async () => {
    const [entry] = await read([multi(1n, [failure(0), failure(-101), failure(-2)])])
    expect(summarizeTxn(entry!)).toMatchObject({ error: -101, touched: [], touchedCount: 0 })
  })

  test('is bounded in paths, and a flush in transactions', async () => {
    const parts = Array.from({ length: SUMMARY_PATHS_MAX + 5 }, (_, i) => setData(`/n${i}`))
    const many = Array.from({ length: SUMMARIES_MAX + 7 }, (_, i) =>
      create(BigInt(i + 2), { path: `/c${i}`, data: null }),
    )
    const entries = await read([multi(1n, parts), ...many])
    const gatherer = new SummaryGatherer()
    gatherer.add(entries.slice(0, 3))
    gatherer.add(entries.slice(3))
    const page = gatherer.take()!
    expect(page.total).toBe(SUMMARIES_MAX + 8)
    expect(page.shown).toHaveLength(SUMMARIES_MAX)
    expect(page.shown[0]).toMatchObject({ touchedCount: SUMMARY_PATHS_MAX + 5 })
    expect(page.shown[0]!.touched).toHaveLength(SUMMARY_PATHS_MAX)
    expect(summaryPageSchema.parse(JSON.parse(JSON.stringify(page)))).toEqual(page)
    expect(gatherer.take()).toBeNull()
  })
})

describe('watched paths', () => {
  test('are hit at and below them, once by a multi, and not by what only begins alike', async () => {
    const entries = await read([
      create(1n, { path: '/app', data: null }),
      create(2n, { path: '/apples', data: null }),
      multi(3n, [setData('/app/x'), setData('/app/y'), setData('/other')]),
    ])
    const watcher = new PathWatcher([
      { id: 'app', path: '/app' },
      { id: 'all', path: '/' },
      { id: 'none', path: '/app/x/y' },
    ])
    watcher.add(entries)
    const hits = watcher.take()
    expect(hits.map(({ id, count, paths }) => [id, count, paths])).toEqual([
      ['app', 2, ['/app', '/app/x', '/app/y']],
      ['all', 3, ['/app', '/apples', '/app/x', '/app/y', '/other']],
    ])
    expect(hits[0]).toMatchObject({ first: { zxid: 1n }, last: { zxid: 3n } })
    expect(watcher.take()).toEqual([])
  })

  test('keep a few paths of many', async () => {
    const watcher = new PathWatcher([{ id: 'all', path: '/' }])
    watcher.add(await read(Array.from({ length: 20 }, (_, i) => create(BigInt(i + 1), { path: `/n${i}`, data: null }))))
    const [hit] = watcher.take()
    expect(hit).toMatchObject({ count: 20 })
    expect(hit!.paths).toHaveLength(HIT_PATHS_MAX)
  })
})
