import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ArchiveError } from '../../adapters/archive/errors.ts'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import type { ObserverPort } from '../../adapters/zookeeper/observer.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { summaryPageSchema } from '../../domain/txnlog/summary.ts'
import { listTouches } from '../../domain/txnlog/visit-touched.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { findCorpusSet, logsOf, parseExpected, toExpectedNodes } from '../../testing/corpus.ts'
import { hostOf } from '../../testing/kept-logs.ts'
import { type SessionScript, scriptObserver } from '../../testing/scripted-stream.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { collectZnodes } from '../../testing/znode-builder.ts'
import { lookAtFollow } from '../alerts/look-at-follow.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { removeCluster } from '../clusters/remove-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { addRecipient } from '../encryption/change-recipients.ts'
import { setEncryption } from '../encryption/set-encryption.ts'
import { followStream } from '../engine/follow-stream.ts'
import { openLogs } from '../logs/cluster-logs.ts'
import { getTracedTouch } from '../logs/get-znode-transaction.ts'
import { logFolder } from '../logs/log-folder.ts'
import { runDueLogMirrors } from '../logs/run-due-log-mirrors.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { openMoment } from '../moments/open-moment.ts'
import { setClusterStores } from '../stores/cluster-stores.ts'
import { addStore } from '../stores/edit-store.ts'
import { FollowRuns } from './follow-runs.ts'
import { getFollow } from './get-follow.ts'
import { getQuorumTarget } from './quorum-target.ts'
import { setFollow } from './set-follow.ts'
import { testQuorum } from './test-quorum.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const SET = findCorpusSet('3.8.0')
const FIRST = SET.snapshots[1]!
const LATER = SET.snapshots[3]!
const EXPECTED = parseExpected(readFileSync(SET.expected.at(-1)!, 'utf8'))
const END = EXPECTED.zxid

const history: TxnEntry[] = []
beforeAll(async () => {
  for await (const batch of new HistoryReader(logsOf(SET), { after: FIRST.zxid, to: null }).readEntries()) {
    for (const { buffer, start, end } of batch) {
      history.push(TxnEntry.fromBytes(Buffer.from(buffer.subarray(start, end))))
    }
  }
})
const between = (after: bigint, to: bigint) => history.filter(({ zxid }) => zxid > after && zxid <= to)
const snapshot = ({ file, zxid }: typeof FIRST) => ({ kind: 'snapshot', zxid, file }) as const

let services: TestServices
let clusterId = ''
let name = ''
const running: FollowRuns[] = []
beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  ;({ id: clusterId, name } = await addCluster(admin(), { name: 'orders', connectString: 'zk1:2181' }))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((runs) => runs.end()))
  await services.close()
})

const admin = () => services.contextFor('admin')
const ON = { enabled: true, quorumServers: 'zk1:2888\nzk2:2888', understood: true, baseHours: 1 }
const switchOn = (more: Partial<Parameters<typeof setFollow>[1]> = {}) =>
  setFollow(admin(), { clusterId, ...ON, ...more })

/** A worker's context: clients of the cluster know all of the corpus. */
function workerContext(observers: ObserverPort, committed = END): ServiceContext {
  const borrow = async () => ({ sync: async () => committed })
  return { ...admin(), observers, sessions: { ...admin().sessions, borrow: borrow as never } }
}

function worker(owner: string): FollowRuns {
  const runs = new FollowRuns(owner, { follow: followStream, wait: async () => void (await turn()) })
  running.push(runs)
  return runs
}

const row = () => services.database.client.clusterFollow.findUniqueOrThrow({ where: { clusterId } })
const until = <T>(look: () => Promise<T>, expected: Partial<T>) =>
  vi.waitFor(async () => expect(await look()).toMatchObject(expected), { timeout: 20_000, interval: 10 })

/** All that the archive and its open ends hold behind the first base, in order. */
async function archived(): Promise<bigint[]> {
  const { logs } = admin().archives
  const dir = logFolder(admin(), name)
  const { segments, gaps } = await logs.list(dir)
  expect(gaps).toEqual([])
  const reader = new HistoryReader([...logs.sources(dir, segments), ...(await logs.tails(dir))], {
    after: FIRST.zxid,
    to: null,
  })
  const zxids: bigint[] = []
  for await (const batch of reader.readEntries()) zxids.push(...batch.map(({ zxid }) => zxid))
  expect(reader.stop).toEqual({ kind: 'end' })
  return zxids
}

test('is off until an administrator says that what it means is known, and never for anybody else', async () => {
  await expect(switchOn({ understood: false })).rejects.toMatchObject({ details: { fields: { understood: {} } } })
  await expect(switchOn({ quorumServers: '' })).rejects.toMatchObject({ details: { fields: { quorumServers: {} } } })
  await expect(switchOn({ quorumServers: 'zk1' })).rejects.toMatchObject({ details: { fields: { quorumServers: {} } } })
  const operator = services.contextFor('operator')
  await expect(setFollow(operator, { clusterId, ...ON })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(await getFollow(admin(), clusterId)).toMatchObject({ state: 'off', settings: { enabled: false, revision: 0 } })
  await switchOn({ reason: 'the audit asks for it' })
  expect(await getFollow(admin(), clusterId)).toMatchObject({
    state: 'waiting',
    settings: { enabled: true, quorumServers: 'zk1:2888\nzk2:2888', enabledByName: 'admin one' },
  })
  expect((await services.readAudit()).at(-1)).toMatchObject({
    action: 'follow.set',
    outcome: 'ok',
    reason: 'the audit asks for it',
    after: { enabled: true, quorumServers: 'zk1:2888,zk2:2888', tls: 'off' },
  })
})

test('a try of the quorum ports says in words what each answered, and asks for no tree', async () => {
  const ports = { quorumServers: 'zk1:2888\nzk2:2888\nzk9:2888\nzk1:2181' }
  await switchOn({ ...ports, enabled: false })
  const asked: unknown[] = []
  const answers = [
    ['zk1:2888', 'NEEDS_SNAPSHOT'],
    ['zk1:2181', 'SASL_REQUIRED'],
  ] as const
  const observers: ObserverPort = {
    open: async ({ servers }, options) => {
      asked.push([options.from, options.acceptSnapshot])
      const { host, port } = servers[0]!
      const code = answers.find(([server]) => server === `${host}:${port}`)?.[1] ?? 'NO_LEADER'
      throw new ObserverError(code, 'as it is', { remedy: 'do it', details: { isSilent: host === 'zk9' } })
    },
  }
  const report = await testQuorum({ ...admin(), observers }, { clusterId })
  expect(report).toMatchObject({
    ok: true,
    servers: [
      { server: 'zk1:2888', ok: true, code: 'OK' },
      { server: 'zk2:2888', ok: false, code: 'NO_LEADER', message: expect.stringContaining('Only the leader listens') },
      // A name without an address is not what a follower looks like.
      { server: 'zk9:2888', ok: false, message: expect.stringMatching(/^as it is. Nobody was reached there/) },
      { server: 'zk1:2181', ok: false, message: expect.stringContaining('connect string') },
    ],
  })
  expect(asked).toEqual(Array.from({ length: 4 }, () => [0n, false]))
  expect((await getFollow(admin(), clusterId)).tested).toMatchObject({ report })
  await switchOn(ports)
  expect((await getFollow(admin(), clusterId)).tested).toMatchObject({ report })
  await switchOn({ quorumServers: 'zk3:2888' })
  expect((await getFollow(admin(), clusterId)).tested).toBeNull()
})

test('certificates of the quorum port are shown with when they end, the key goes in and never comes back', async () => {
  const authority = createTestAuthority('CN=Quorum')
  const to = new Date(services.clock.now() + 5.5 * 86_400_000)
  const { cert, key } = authority.issue('CN=arkeeper', { to })
  const own = { kind: 'on', ca: authority.cert, cert, key, checkName: true } as const
  await expect(switchOn({ tls: { kind: 'cluster' } })).rejects.toMatchObject({ details: { fields: { tlsMode: {} } } })
  await expect(switchOn({ tls: { ...own, key: '' } })).rejects.toMatchObject({ details: { fields: { 'tls.key': {} } } })
  await switchOn({ tls: own })
  const shown = { server: 'zk1:2888', subject: 'CN=zk', validTo: to.toISOString() }
  const tested = { testedAt: to, testReport: { ok: true, servers: [] } }
  await services.database.client.clusterFollow.updateMany({ data: { peerCertificate: shown, ...tested } })
  // The stored key goes on being used where none is given, and what was tried with it stays as it was said.
  await switchOn({})
  const { settings, tested: known } = await getFollow(admin(), clusterId)
  expect(known).not.toBeNull()
  expect(settings).toMatchObject({ tlsMode: 'own', hasTlsKey: true })
  expect(settings.tlsCertificates).toMatchObject([
    { of: 'client', subject: 'CN=arkeeper', expiry: 'expires in 5 days', endsSoon: true },
    { of: 'authority', subject: 'CN=Quorum', endsSoon: false },
    { of: 'server', subject: 'CN=zk', expiry: 'expires in 5 days' },
  ])
  const secret = key.split('\n')[1]!
  expect(JSON.stringify(await getFollow(admin(), clusterId))).not.toContain(secret)
  expect(JSON.stringify(await services.readAudit())).not.toContain(secret)
  expect((await getQuorumTarget(admin(), clusterId)).tls).toMatchObject({ key: key.trim(), cert: cert.trim() })
  // Other certificates were never tried.
  await switchOn({ tls: { ...own, checkName: false } })
  expect(await getFollow(admin(), clusterId)).toMatchObject({ tested: null, settings: { tlsCertificates: [{}, {}] } })
})

test('other quorum ports need the role at every cluster: data is read from wherever they lead', async () => {
  const here = { ...services.contextFor('viewer') }
  const actor = { ...here.actor, clusterRoles: { [clusterId]: 'admin' as const } }
  const byOne = { ...here, actor }
  await expect(setFollow(byOne, { clusterId, ...ON })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await switchOn({})
  await setFollow(byOne, { clusterId, ...ON, enabled: false })
  expect(await getFollow(admin(), clusterId)).toMatchObject({ settings: { enabled: false } })
  expect((await services.readAudit()).filter(({ outcome }) => outcome === 'denied')).toHaveLength(1)
})

describe('a cluster that is followed', () => {
  const MIDDLE = 0x120n
  const first = (): SessionScript => ({
    start: snapshot(FIRST),
    before: [between(FIRST.zxid, 0x90n)],
    after: [between(0x90n, MIDDLE)],
    end: 'stays',
  })

  test('has its present in the archive: time travel reaches the last transaction, proved by its digest', async () => {
    await switchOn()
    const context = workerContext(scriptObserver([{ ...first(), after: [between(0x90n, END)] }]))
    expect(await worker('w1').runDue(context)).toBe(true)
    await until(row, { state: 'following', lastZxid: END, digestState: 'equal', baseZxid: expect.anything() as never })
    expect(await archived()).toEqual(between(FIRST.zxid, END).map(({ zxid }) => zxid))

    const moment = await openMoment(context, { clusterId, zxid: END })
    expect(moment.proof).toMatchObject({ digest: 'match', exact: true, problems: [] })
    const znodes = await collectZnodes(moment.reader.readSubtree('/', { includeSystem: true }))
    expect(toExpectedNodes(znodes)).toEqual(EXPECTED.nodes)
    await moment.close()
    const { line } = await getTimeTravel(context, { clusterId, at: '', zxid: '' })
    expect(line.ranges.at(-1)).toMatchObject({ to: formatHex64(END), unreachable: null })

    // What was written before the log begins is told by the base: the first transaction of a znode shows what it replaced.
    const base = (await row()).baseZxid!
    const seen = new Set<string>()
    let told = 0
    for (const entry of between(FIRST.zxid, END)) {
      for (const { kind, path } of listTouches(decodeTxn(entry).txn)) {
        const isFirst = !seen.has(path)
        seen.add(path)
        if (told === 2 || !isFirst || entry.zxid <= base || (kind !== 'setData' && kind !== 'delete')) continue
        const asked = { ref: { kind: 'live', clusterId }, path, zxid: formatHex64(entry.zxid) } as const
        const { before } = await getTracedTouch(context, asked)
        const at = await openMoment(context, { clusterId, zxid: entry.zxid - 1n })
        const reading = await at.reader.get(path)
        await at.close()
        if (reading.kind !== 'found') continue
        const { data, acl, stat } = reading.znode
        expect(before).toMatchObject({ data: { value: data }, acl: { value: acl }, version: { value: stat.version } })
        told++
      }
    }
    expect(told).toBeGreaterThan(0)

    const chunks = await services.database.client.followChunk.findMany({ orderBy: { fromZxid: 'asc' } })
    expect(chunks.reduce((sum, { transactions }) => sum + transactions, 0)).toBe(between(FIRST.zxid, END).length)
    expect(chunks.at(-1)?.toZxid).toBe(END)
    expect(summaryPageSchema.parse(chunks[0]?.summaries).shown.length).toBeGreaterThan(0)
  })

  test('is in its stores half a minute after it was written, and says how far each place reaches', async () => {
    const shelf = join(admin().paths.dataDir, 'shelf')
    await mkdir(shelf)
    const store = await addStore(admin(), { kind: 'folder', name: 'shelf', settings: { path: shelf } })
    await setClusterStores(admin(), { clusterId, storeId: store.storeId, copies: [] })
    await switchOn()
    const context = workerContext(scriptObserver([first()]))
    const mirror = async (owner: string) => {
      while (await runDueLogMirrors(context, owner));
    }
    await worker('w1').runDue(context)
    await until(row, { state: 'following', lastZxid: MIDDLE, baseZxid: expect.anything() as never })
    // Whoever does not hear the stream has nothing of it in its folder.
    await mirror('w2')
    const ran = { clusterId, lastRunAt: { not: null } }
    expect(await services.database.client.logMirror.count({ where: ran })).toBe(0)
    await mirror('w1')
    const places = async () => (await getFollow(admin(), clusterId)).places
    expect(await places()).toMatchObject([{ storeId: null, through: formatHex64(MIDDLE), behindMs: 0, bases: 1 }, {}])
    services.clock.advance(31_000)
    const isThere = async () => {
      await mirror('w1')
      return (await places())[1]
    }
    await until(isThere, { name: 'shelf', through: formatHex64(MIDDLE), behindMs: 0, bases: 1, error: null })
    const other = hostOf(admin(), 'two')
    const moment = await openMoment(other, { clusterId, zxid: MIDDLE })
    expect(moment.proof).toMatchObject({ digest: 'match', exact: true, problems: [] })
    await moment.close()
    // It stays behind by what comes then.
    await services.database.client.logMirror.updateMany({
      where: { storeId: store.storeId },
      data: { lastZxid: 0x90n, lastTxnAt: new Date((await row()).lastTxnAt!.getTime() - 11 * 60_000) },
    })
    expect((await places())[1]).toMatchObject({ through: '0x90', behindMs: 11 * 60_000 })
    const found = await lookAtFollow.find({
      context: admin(),
      clusters: new Map([[clusterId, { id: clusterId, name }]]),
      settingsOf: () => ({ enabled: true, severity: 'warning', numbers: {} }),
      nowMs: services.clock.now(),
      markUnknown: () => undefined,
    })
    expect(found).toMatchObject([{ rule: 'follow-copy-behind', text: expect.stringContaining('shelf is 11 minutes') }])
  })

  test('is taken over from a worker that fell silent, at the next transaction, and the former writes no more', async () => {
    await switchOn()
    let freeze = false
    let thaw: () => void = () => undefined
    const frozen = new Promise<void>((resolve) => {
      thaw = resolve
    })
    const silent = new FollowRuns('w1', {
      follow: followStream,
      wait: async () => void (await (freeze ? frozen : turn())),
    })
    running.push(silent)
    await silent.runDue(workerContext(scriptObserver([first()])))
    await until(row, { lastZxid: MIDDLE, baseZxid: expect.anything() as never })
    const other = workerContext(
      scriptObserver([{ start: { kind: 'diff', zxid: END }, before: [between(MIDDLE, END)], end: 'stays' }]),
    )
    expect(await worker('w2').runDue(other)).toBe(false)
    freeze = true
    // Until what was under way there has ended.
    for (let i = 0; i < 20; i++) await turn()
    services.clock.advance(30_000)
    const next = worker('w2')
    expect(await next.runDue(other)).toBe(true)
    await until(row, { leaseOwner: 'w2', fence: 2, lastZxid: END, state: 'following' })
    thaw()
    freeze = false
    await silent.end()
    expect(await row()).toMatchObject({ leaseOwner: 'w2', state: 'following', lastZxid: END })
    await next.end()
    expect(await row()).toMatchObject({ leaseOwner: null, state: 'waiting' })
    // What the second has compared to come to the tree of the first is not counted twice.
    const { transactions, digestCompared } = await row()
    expect(Number(digestCompared)).toBeLessThanOrEqual(Number(transactions))
    expect(await archived()).toEqual(between(FIRST.zxid, END).map(({ zxid }) => zxid))
    expect(await services.database.client.followGap.count()).toBe(0)
  })

  test('has a base in the archive by the next worker where the one before could not keep it there', async () => {
    await switchOn()
    const before = worker('w1')
    await before.runDue(workerContext(scriptObserver([first()])))
    await until(row, { state: 'following', lastZxid: MIDDLE, baseZxid: expect.anything() as never })
    await before.end()
    const { logs } = admin().archives
    const kept = () => logs.bases(logFolder(admin(), name)).then((bases) => bases.map(({ zxid }) => zxid))
    const [zxid] = await kept()
    await rm(logs.basesDir(logFolder(admin(), name)), { recursive: true })
    // Nothing comes that a new base would be due by.
    const quiet = scriptObserver([{ start: { kind: 'diff', zxid: MIDDLE }, end: 'stays' }])
    await worker('w2').runDue(workerContext(quiet))
    await vi.waitFor(async () => expect(await kept()).toEqual([zxid]), { timeout: 20_000, interval: 10 })
  })

  test('goes on without a gap on a host that has neither its files nor the keys to them', async () => {
    const recipient = await identityToRecipient(await generateIdentity())
    await addRecipient(admin(), { clusterId, recipient, label: 'elsewhere' })
    await setEncryption(admin(), { clusterId, mode: 'own' })
    const shelf = join(admin().paths.dataDir, 'shelf')
    await mkdir(shelf)
    const store = await addStore(admin(), { kind: 'folder', name: 'shelf', settings: { path: shelf } })
    await setClusterStores(admin(), { clusterId, storeId: store.storeId, copies: [] })
    await switchOn()
    const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff)
    const archives = () => createFileArchives({ tailBox: { seal: flip, open: flip } })
    const one = { ...workerContext(scriptObserver([{ ...first(), after: [] }])), archives: archives() }
    const before = worker('w1')
    await before.runDue(one)
    await until(row, { state: 'following', lastZxid: 0x90n, baseZxid: expect.anything() as never })
    const folder = join(one.paths.workDir, 'follow', clusterId, 'f1')
    await before.end()
    // What lies there to go on from is sealed, and leads on without a tree of the leader's.
    const [sealed = '', ...more] = await readdir(folder)
    expect([sealed, more]).toEqual([expect.stringMatching(/^base\.[0-9a-f]+\.sealed$/), []])
    expect((await stat(join(folder, sealed))).mode & 0o777).toBe(0o600)
    expect((await readFile(join(folder, sealed))).includes('/zookeeper')).toBe(false)
    const again = scriptObserver([{ start: { kind: 'diff', zxid: 0x90n }, end: 'stays' }])
    await before.runDue({ ...one, observers: again })
    await until(row, { fence: 2, state: 'following' })
    expect(again.asked).toEqual([0x90n])
    await before.end()
    while (await runDueLogMirrors(one, 'w1'));
    const places = async () => (await getFollow(admin(), clusterId)).places
    expect((await places())[1]).toMatchObject({ through: '0x90', bases: 1 })

    const observers = scriptObserver([
      { start: { kind: 'diff', zxid: END } },
      { start: snapshot(LATER), before: [between(LATER.zxid, LATER.zxid + 3n)] },
      { start: { kind: 'diff', zxid: END }, before: [between(0x90n, END)], end: 'stays' },
    ])
    const two = { ...hostOf(admin(), 'two'), archives: archives(), observers, sessions: one.sessions }
    const next = worker('w2')
    await next.runDue(two)
    await until(row, { leaseOwner: 'w2', state: 'following', lastZxid: END, digestState: 'equal' })
    await next.end()
    expect(observers.asked).toEqual([0x90n, 0n, 0x90n])
    await services.database.client.logMirror.updateMany({ data: { nextRunAt: new Date(0) } })
    while (await runDueLogMirrors(two, 'w2'));
    expect((await places())[1]).toMatchObject({ through: formatHex64(END), behindMs: 0 })
    expect((await getFollow(admin(), clusterId)).gaps).toEqual([])
    const { archived } = await openLogs(two, { id: clusterId, name })
    expect(archived).toMatchObject({ gaps: [], problems: [] })
    expect([archived.segments[0]?.first, archived.segments.at(-1)?.last]).toEqual([FIRST.zxid + 1n, END])
    expect(archived.segments.every(({ sealed }) => sealed?.recipients[0] === recipient)).toBe(true)
    // Switched off, nothing of the tree stays on a host.
    await switchOn({ enabled: false })
    services.clock.advance(60_000)
    expect(await before.runDue(one)).toBe(false)
    expect(await readdir(join(one.paths.workDir, 'follow'))).toEqual([])
  })

  test('says what it has missed, keeps a base behind it, and tells whoever is to know', async () => {
    await switchOn()
    const later: SessionScript = {
      start: snapshot(LATER),
      before: [between(LATER.zxid, END)],
      end: 'stays',
    }
    const until90: SessionScript = { start: snapshot(FIRST), before: [between(FIRST.zxid, 0x90n)] }
    const context = workerContext(scriptObserver([until90, later]))
    await worker('w1').runDue(context)
    await until(row, { state: 'following', lastZxid: END })
    const gaps = (await getFollow(admin(), clusterId)).gaps
    expect(gaps).toMatchObject([{ from: '0x91', to: formatHex64(LATER.zxid), isCertain: true, closedAt: null }])
    expect((await getTimeTravel(context, { clusterId, at: '', zxid: '' })).missed).toEqual(gaps)
    await until(row, { baseZxid: END })
    const { line } = await getTimeTravel(context, { clusterId, at: '', zxid: '' })
    // From each base on; before the first, and between the gap and the second, nothing can be told.
    expect(line.ranges.map(({ to, unreachable }) => [to, unreachable === null])).toEqual([
      ['0x8f', false],
      ['0x90', true],
      [formatHex64(END - 1n), false],
      [formatHex64(END), true],
    ])
    const found = await lookAtFollow.find({
      context: admin(),
      clusters: new Map([[clusterId, { id: clusterId, name }]]),
      settingsOf: () => ({ enabled: true, severity: 'warning', numbers: {} }),
      nowMs: services.clock.now(),
      markUnknown: () => undefined,
    })
    expect(found.map(({ rule }) => rule)).toEqual(['follow-gap'])
  })

  test('and is removed is heard no more, and the key to its quorum ports is gone', async () => {
    const { cert, key } = createTestAuthority('CN=Quorum').issue('CN=arkeeper')
    await switchOn({ tls: { kind: 'on', ca: '', cert, key, checkName: true } })
    await worker('w1').runDue(workerContext(scriptObserver([first()])))
    await until(row, { state: 'following', lastZxid: MIDDLE })
    await removeCluster(admin(), { clusterId, typedName: 'orders' })
    await until(row, { enabled: false, leaseOwner: null, tlsKey: null, tlsMode: 'off' })
    expect(await worker('w2').runDue(workerContext(scriptObserver([first()])))).toBe(false)
  })

  test('is held while its log cannot be written, says since when, and goes on by itself', async () => {
    await switchOn()
    let isFull = true
    const { archives } = admin()
    const openTail: typeof archives.logs.openTail = (dir, holder) => {
      const tail = archives.logs.openTail(dir, holder)
      const append = tail.append.bind(tail)
      tail.append = async (entries) => {
        if (isFull)
          throw new ArchiveError('NO_SPACE', 'writing the open end of the log failed: no space left on device')
        await append(entries)
      }
      return tail
    }
    const context = {
      ...workerContext(scriptObserver([first(), first(), first()])),
      archives: { ...archives, logs: { ...archives.logs, openTail } },
    }
    const w1 = worker('w1')
    await w1.runDue(context)
    await until(row, { state: 'held', leaseOwner: null })
    const since = (await row()).stateSince
    expect((await getFollow(admin(), clusterId)).error).toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringMatching(/^Cannot write the log: /),
      unaffected: expect.stringContaining('while the leader remembers'),
    })
    // Sooner than what somebody has to mend, and what it says of itself stays.
    services.clock.advance(10_000)
    const takenUp = () => vi.waitFor(async () => expect(await w1.runDue(context)).toBe(true), { timeout: 20_000 })
    await takenUp()
    await until(row, { state: 'held', leaseOwner: null, fence: 2, stateSince: since })
    isFull = false
    services.clock.advance(10_000)
    await takenUp()
    await until(row, { state: 'following', lastZxid: MIDDLE, fence: 3 })
    expect((await getFollow(admin(), clusterId)).error).toBeNull()
    expect(await archived()).toEqual(between(FIRST.zxid, MIDDLE).map(({ zxid }) => zxid))
  })

  test('is not followed where the quorum ports lead to another ensemble', async () => {
    await switchOn()
    await worker('w1').runDue(workerContext(scriptObserver([first()]), 0x10n))
    await until(row, { state: 'refused', leaseOwner: null })
    expect((await getFollow(admin(), clusterId)).error).toMatchObject({ code: 'WRONG_STATE' })
    expect(await archived()).toEqual([])
    expect(await readdir(join(logFolder(admin(), name), 'bases')).catch(() => [])).toEqual([])
  })
})
