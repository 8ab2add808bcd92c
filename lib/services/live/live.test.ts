import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { SummaryGatherer } from '../../domain/txnlog/summary.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { create, encodeLog, multiRecord, setDataRecord, type TxnSketch } from '../../testing/log-builder.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { listAlerts } from '../alerts/list-alerts.ts'
import { runDueAlerts } from '../alerts/run-due-alerts.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { logFolder } from '../logs/log-folder.ts'
import { DRIFT_LISTED_MAX, DriftBook } from './drift-book.ts'
import { listLiveTransactions } from './list-transactions.ts'
import { readTouchedSince } from './read-touched-since.ts'
import { HITS_KEPT, HitBook } from './record-hits.ts'
import { tailTransactions } from './tail-transactions.ts'
import type { LiveEventView } from './views.ts'
import { listWatchedPaths, unwatchPath, watchPath } from './watched-paths.ts'

const AT = 1_790_000_000_000

let services: TestServices
let admin: ServiceContext
let operator: ServiceContext
let clusterId = ''
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  admin = services.contextFor('admin')
  operator = services.contextFor('operator')
  clusterId = (await addCluster(admin, { name: 'orders', connectString: 'zk:2181/app' })).id
})
afterEach(() => services.close())

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

const set = (zxid: bigint, path: string): TxnSketch => ({
  zxid,
  timeMs: AT + Number(zxid),
  type: TXN_TYPE.setData,
  record: setDataRecord(path, 'secret', 1),
})

/** What each is: zxid 1 to 6. */
const STORY: readonly TxnSketch[] = [
  create(1n, { path: '/app/a', data: 'secret' }, { timeMs: AT + 1 }),
  set(2n, '/app/a/b'),
  set(3n, '/elsewhere'),
  {
    zxid: 4n,
    timeMs: AT + 4,
    type: TXN_TYPE.multi,
    record: multiRecord([
      { type: TXN_TYPE.setData, record: setDataRecord('/app/x', 'secret', 1) },
      { type: TXN_TYPE.setData, record: setDataRecord('/app/a/c', 'secret', 1) },
    ]),
  },
  create(5n, { path: '/app/lock', data: null, ephemeral: true }, { timeMs: AT + 5 }),
  set(6n, '/app/ab'),
]

async function keep(sketches: readonly TxnSketch[]): Promise<void> {
  const entries = await read(sketches)
  await admin.archives.logs.append(logFolder(admin, 'orders'), {
    entries: (async function* () {
      yield entries
    })(),
    members: ['zk1'],
  })
}

const zxids = (page: { readonly transactions: readonly { readonly zxid: string }[] }) =>
  page.transactions.map(({ zxid }) => zxid)

describe('the newest transactions', () => {
  test('are those of the kept log below the chroot, newest first, by subtree and type, page by page', async () => {
    expect(await listLiveTransactions(operator, { clusterId })).toEqual({ transactions: [], next: null, newest: null })
    await keep(STORY)
    const all = await listLiveTransactions(operator, { clusterId })
    expect(zxids(all)).toEqual(['0x6', '0x5', '0x4', '0x2', '0x1'])
    expect(all).toMatchObject({ next: null, newest: { zxid: '0x6', at: new Date(AT + 6).toISOString() } })
    expect(JSON.stringify(all)).not.toContain('secret')
    expect(all.transactions[1]).toMatchObject({ notUndoable: 'Ephemerals belong to their sessions' })

    const below = await listLiveTransactions(operator, { clusterId, under: '/a' })
    expect(zxids(below)).toEqual(['0x4', '0x2', '0x1'])
    // What was asked for is named first.
    expect(below.transactions[0]).toMatchObject({ touched: [{ path: '/a/c' }, { path: '/x' }], touchedCount: 2 })
    expect(zxids(await listLiveTransactions(operator, { clusterId, types: ['create'] }))).toEqual(['0x5', '0x1'])

    const first = await listLiveTransactions(operator, { clusterId, limit: 2 })
    expect(zxids(first)).toEqual(['0x6', '0x5'])
    const second = await listLiveTransactions(operator, { clusterId, limit: 50, before: first.next })
    expect(zxids(second)).toEqual(['0x4', '0x2', '0x1'])
  })

  test('reach into the open end of the log', async () => {
    await keep(STORY.slice(0, 2))
    const tail = admin.archives.logs.openTail(logFolder(admin, 'orders'), 'w1')
    await tail.append(await read(STORY.slice(1)))
    await tail.flush()
    expect(zxids(await listLiveTransactions(operator, { clusterId }))).toEqual(['0x6', '0x5', '0x4', '0x2', '0x1'])
    const first = await listLiveTransactions(operator, { clusterId, limit: 3 })
    expect(zxids(first)).toEqual(['0x6', '0x5', '0x4'])
    expect(zxids(await listLiveTransactions(operator, { clusterId, before: first.next }))).toEqual(['0x2', '0x1'])
    const since = await readTouchedSince(operator, { id: clusterId, name: 'orders' }, 1n)
    expect([...since!.paths]).toEqual(['/app/a/b', '/elsewhere', '/app/x', '/app/a/c', '/app/lock', '/app/ab'])
    expect(since!.last).toEqual({ zxid: 6n, timeMs: AT + 6 })
    await tail.close()
  })

  test('of a log with a hole do not say what was touched since', async () => {
    await keep([...STORY.slice(0, 2), ...STORY.slice(3)])
    const cluster = { id: clusterId, name: 'orders' }
    expect(await readTouchedSince(operator, cluster, 1n)).toBeNull()
    expect((await readTouchedSince(operator, cluster, 4n))?.last?.zxid).toBe(6n)
  })
})

describe('the tail', () => {
  test('gives what a stream has kept since, filtered, and how many it does not list', async () => {
    await keep(STORY.slice(0, 1))
    const gatherer = new SummaryGatherer(3)
    gatherer.add(await read(STORY))
    const page = gatherer.take()!
    await admin.db.followChunk.create({
      data: {
        id: 'c1',
        clusterId,
        fromZxid: 1n,
        toZxid: 6n,
        at: new Date(AT),
        transactions: page.total,
        bytes: 1,
        summaries: JSON.parse(JSON.stringify(page)),
      },
    })
    const stop = new AbortController()
    const seen: LiveEventView[] = []
    for await (const event of tailTransactions(operator, { clusterId, after: '0x1', signal: stop.signal })) {
      seen.push(event)
      stop.abort()
    }
    const status = { follow: null, logEverySeconds: null }
    expect(seen).toMatchObject([
      { kind: 'status', status },
      { kind: 'transactions', more: 3, transactions: [{ zxid: '0x2' }] },
    ])
    const under = async (path: string) => {
      const asked = { clusterId, after: '0x1', under: path, signal: AbortSignal.timeout(60_000) }
      for await (const event of tailTransactions(operator, asked)) if (event.kind === 'transactions') return event
      return null
    }
    // What is asked for may be among those that the stream does not name: the log of this host does not reach so far.
    expect(await under('/a')).toMatchObject({ more: 3, transactions: [{ zxid: '0x2' }] })
    // The open end of the log may lie on another host: the list goes on with what the stream has told.
    const listed = await listLiveTransactions(operator, { clusterId })
    expect(zxids(listed)).toEqual(['0x2', '0x1'])
    expect(listed).toMatchObject({ next: null, newest: { zxid: '0x6' } })
    expect(await listLiveTransactions(operator, { clusterId, limit: 1 })).toMatchObject({ next: '0x2' })
    await keep(STORY.slice(1))
    expect(await under('/a')).toMatchObject({ more: 0, transactions: [{ zxid: '0x2' }, { zxid: '0x4' }] })
  })
})

describe('how the stream goes', () => {
  test('is said of a worker that is gone by the clock, not by its last word, and told as it changes', async () => {
    const now = services.clock.now()
    const row = { clusterId, quorumServers: 'zk1:2888', enabled: true, lastZxid: 6n, leaseOwner: 'w1' }
    const times = { stateSince: new Date(now - 5000), leaseUntil: new Date(now + 1000), nextRunAt: new Date(now) }
    await admin.db.clusterFollow.create({ data: { ...row, ...times, state: 'following' } })
    const stop = new AbortController()
    const told: LiveEventView[] = []
    for await (const event of tailTransactions(operator, { clusterId, after: '0x6', signal: stop.signal })) {
      told.push(event)
      if (told.length === 2) stop.abort()
      // The lease has run out, and nobody said a word.
      services.clock.advance(2000)
    }
    const follow = { state: 'following', lastZxid: '0x6', since: new Date(now - 5000).toISOString() }
    expect(told).toMatchObject([
      { kind: 'status', status: { follow } },
      { kind: 'status', status: { follow: { state: 'waiting', since: new Date(now + 1000).toISOString() } } },
    ])
  })
})

describe('a watched path', () => {
  test('is chosen by an operator, once, and on record', async () => {
    const watching = { clusterId, path: '/a', note: 'flags' }
    await expect(watchPath(services.contextFor('viewer'), watching)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { watchedPathId } = await watchPath(operator, watching)
    await expect(watchPath(operator, watching)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(watchPath(operator, { clusterId, path: 'a' })).rejects.toMatchObject({ code: 'BAD_PATH' })
    expect(await listWatchedPaths(operator, clusterId)).toMatchObject([{ path: '/a', note: 'flags', hitCount: 0 }])
    await unwatchPath(operator, { clusterId, watchedPathId })
    await expect(unwatchPath(operator, { clusterId, watchedPathId })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const audit = (await services.readAudit()).filter(({ action }) => action.startsWith('follow.'))
    expect(audit.map(({ action, outcome, path }) => [action, outcome, path])).toEqual([
      ['follow.watch-path', 'denied', '/a'],
      ['follow.watch-path', 'ok', '/a'],
      ['follow.watch-path', 'failed', '/a'],
      ['follow.unwatch-path', 'ok', '/a'],
      ['follow.unwatch-path', 'failed', null],
    ])
  })

  test('is held against the stream: hits are kept once and bounded, and one alert is raised while it is written', async () => {
    const { watchedPathId } = await watchPath(operator, { clusterId, path: '/a', note: 'flags' })
    const book = new HitBook(clusterId, '/app')
    await book.flush(admin)
    const story = STORY.map((each) => ({ ...each, timeMs: services.clock.now() }))
    book.add(await read(story))
    await book.flush(admin)
    const hit = { zxid: '0x4', type: 'multi', path: '/a', transactions: 3, session: formatHex64(0x1001n) }
    expect(await listWatchedPaths(operator, clusterId)).toMatchObject([{ hitCount: 1, hits: [hit] }])

    const system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
    const alerts = async (minutes: number) => {
      services.clock.advance(minutes * 60_000)
      await runDueAlerts(system, 'w1')
      const { open } = await listAlerts(admin)
      return open.flatMap(({ rule, text, about }) => (rule === 'path-written' ? [{ text, about }] : []))
    }
    const written = { text: 'A watched path of orders was written: flags', about: 'live' }
    expect(await alerts(1)).toEqual([written])
    // Written again, it is the same alert; quiet for long enough, it is over.
    const again = new HitBook(clusterId, '/app')
    await again.flush(admin)
    again.add(await read([{ ...set(9n, '/app/a'), timeMs: services.clock.now() }]))
    await again.flush(admin)
    expect(await alerts(9)).toEqual([written])
    expect(await alerts(2)).toEqual([])

    const rows = Array.from({ length: HITS_KEPT }, (_, i) => ({
      id: `h${i}`,
      watchedPathId,
      zxid: BigInt(i + 100),
      at: new Date(AT),
      type: 'setData',
      path: '/a',
      sessionId: 1n,
    }))
    await admin.db.pathHit.createMany({ data: rows })
    again.add(await read([set(1000n, '/app/a')]))
    await again.flush(admin)
    expect(await admin.db.pathHit.count()).toBe(HITS_KEPT)
    expect(await admin.db.pathHit.count({ where: { zxid: { lt: 100n } } })).toBe(0)
  })
})

describe('the book of differences', () => {
  test('counts what differs, write by write, and says when there are more than it lists', () => {
    const book = new DriftBook([{ path: '/b', change: 'changed', fields: ['data'] }])
    book.set('/a', { change: 'added', fields: [] })
    book.set('/b', { change: 'removed', fields: [] })
    expect(book.counts).toEqual({ added: 1, removed: 1, changed: 0 })
    book.set('/a', null)
    book.set('/nothing', null)
    expect(book.list()).toEqual([{ path: '/b', change: 'removed', fields: [] }])
    expect(book.isCut).toBe(false)
    for (let i = 0; i < DRIFT_LISTED_MAX; i++) book.add({ path: `/n${i}`, change: 'added', fields: [] })
    expect(book).toMatchObject({ isCut: true, total: DRIFT_LISTED_MAX + 1 })
    expect(book.list()).toHaveLength(DRIFT_LISTED_MAX)
  })
})
