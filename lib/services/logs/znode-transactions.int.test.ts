import { rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { listBackups } from '../backups/list-backups.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import { getLiveDrift } from '../live/get-live-drift.ts'
import { runDueLiveDrift } from '../live/run-due-live-drift.ts'
import { setLiveDrift } from '../live/set-live-drift.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { replanRestore } from '../restores/replan-restore.ts'
import { startUndo } from '../restores/start-undo.ts'
import { undoTransaction } from '../restores/undo-transaction.ts'
import { archiveLogs } from './archive-logs.ts'
import { getWriteRate } from './get-write-rate.ts'
import { getZnodeTransaction } from './get-znode-transaction.ts'
import { keepLogs } from './keep-logs.ts'
import { listZnodeTransactions } from './list-znode-transactions.ts'
import { logFolder } from './log-folder.ts'
import { restoreZnodeVersion } from './restore-znode-version.ts'

const READ_ONLY = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const ADMIN_TOO = [...OPEN_ACL, { perms: 31, scheme: 'ip', id: '10.0.0.1' }]

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let clusterId = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(() => open(''))
afterEach(async () => {
  await services.close()
  await tree.clear()
})

async function open(chroot: string): Promise<void> {
  await services?.close()
  const members = [
    {
      cluster: 'orders',
      name: 'zk1',
      dataDir: server.dataDir,
      dataLogDir: server.dataDir,
      client: null,
      adminUrl: null,
      stop: null,
      start: null,
      owner: null,
    },
  ]
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives(), members })
  const connectString = server.connectString + chroot
  clusterId = (await addCluster(services.contextFor('admin'), { name: 'orders', connectString })).id
}

const operator = () => services.contextFor('operator')
const live = () => ({ kind: 'live', clusterId }) as const
const archive = () => archiveLogs(services.contextFor('admin'), clusterId)
const list = (path: string, options: { before?: string | null; limit?: number } = {}) =>
  listZnodeTransactions(services.contextFor('viewer'), { ref: live(), path, ...options })
const toText = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64').toString())

async function getExpected(path: string) {
  const { czxid, version, aversion } = (await tree.find(path))!.stat
  return { czxid: formatHex64(czxid), version, aversion }
}

/** What each transaction did, oldest first: [did, before, after]. */
async function storyOf(path: string) {
  const { transactions } = await list(path)
  const texts = transactions.toReversed().map(async ({ zxid, did }) => {
    const { before, after } = await getZnodeTransaction(operator(), { ref: live(), path, zxid })
    const text = (state: typeof before) =>
      state.kind === 'present'
        ? state.value.kind === 'known'
          ? toText(state.value.data)
          : state.value.why
        : state.kind
    return [did.join('+'), text(before), text(after)]
  })
  return Promise.all(texts)
}

describe('the transactions of a znode', () => {
  it('are what two sessions did to it, with before and after, multis and the end of a session', async () => {
    const colleague = await createZooKeeper().connect({ connectString: server.connectString })
    await tree.create('/orders', 'one')
    await new LiveTree(colleague).set('/orders', 'two')
    await tree.setAcl('/orders', ADMIN_TOO)
    await tree.set('/orders', '')
    await tree.set('/orders', null)
    const multi = await colleague.multi([
      { op: 'setData', path: '/orders', data: Buffer.from('three'), version: -1 },
      { op: 'setData', path: '/orders', data: Buffer.from('four'), version: -1 },
      { op: 'create', path: '/other', data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    expect(multi.kind).toBe('done')
    // A child is no change of its parent; a multi that fails changes nothing.
    await tree.create('/orders/child', 'x')
    const failed = await client.multi([
      { op: 'setData', path: '/orders', data: Buffer.from('never'), version: -1 },
      { op: 'delete', path: '/absent', version: -1 },
    ])
    expect(failed.kind).toBe('refused')
    await tree.remove('/orders')
    await colleague.create({ path: '/lock', data: Buffer.from('me'), acl: OPEN_ACL, kind: 'ephemeral' })
    await colleague.close()
    await tree.create('/last')
    await archive()

    const page = await list('/orders')
    expect(page).toMatchObject({ clusterId, isKept: false, breaks: [], next: null })
    expect(BigInt(page.reach!.last)).toBeGreaterThanOrEqual(client.lastZxidSeen())
    expect(await storyOf('/orders')).toEqual([
      ['created', 'absent', 'one'],
      ['data', 'one', 'two'],
      ['acl', 'two', 'two'],
      ['data', 'two', ''],
      ['data', '', null],
      ['data+data', null, 'four'],
      ['deleted', 'four', 'absent'],
    ])
    expect(page.transactions.map(({ multiOps }) => multiOps)[1]).toBe(3)
    expect(page.transactions.map(({ after }) => (after.kind === 'present' ? after.version : null))).toEqual([
      null,
      5,
      3,
      2,
      1,
      1,
      0,
    ])
    const sessions = page.transactions.map(({ session }) => session)
    expect(sessions[1]).toBe(sessions[5])
    expect(new Set(sessions).size).toBe(2)
    expect(await storyOf('/lock')).toEqual([
      ['created', 'absent', 'me'],
      ['closed', 'me', 'absent'],
    ])
    expect((await list('/never')).transactions).toEqual([])

    // Page by page it is the same, and the oldest of a page still knows what was before it.
    const first = await list('/orders', { limit: 2 })
    const second = await list('/orders', { limit: 50, before: first.next })
    expect([...first.transactions, ...second.transactions]).toEqual(page.transactions)
    expect((await getWriteRate(operator(), { clusterId }))!.transactions).toBeGreaterThan(page.transactions.length)
  })

  it('of a log that begins with a change do not know what was before', async () => {
    await tree.create('/old', 'unseen')
    await archive()
    const { archives } = operator()
    const dir = logFolder(operator(), 'orders')
    await rm(dir, { recursive: true })
    const after = client.lastZxidSeen()
    await tree.set('/old', 'seen')
    // As when the keeping began only now.
    const { segments } = await archives.logs.list(dir)
    expect(segments).toEqual([])
    const sources = await archives.logs.memberLogs(server.dataDir)
    const reader = new HistoryReader(sources, { after, to: client.lastZxidSeen() })
    await archives.logs.append(dir, { entries: reader.readEntries(), members: ['zk1'] })
    expect(await list('/old')).toMatchObject({
      transactions: [{ did: ['data'], before: { kind: 'unknown', why: 'logs-begin' }, after: { dataLength: 4 } }],
    })
  })

  it('below a chroot are found by the paths that its people know', async () => {
    await tree.create('/app')
    await tree.create('/app/config', 'a')
    await tree.create('/config', 'another')
    await open('/app')
    await archive()
    expect(await storyOf('/config')).toEqual([['created', 'absent', 'a']])
    expect(await storyOf('/')).toEqual([['created', 'absent', '']])
  })
})

describe('restoring a version', () => {
  const restore = (
    path: string,
    zxid: string,
    part: 'data' | 'acl',
    expected: Awaited<ReturnType<typeof getExpected>>,
  ) => restoreZnodeVersion(operator(), { clusterId, path, zxid, part, expected })

  it('writes the value, or the ACL, back; each guarded by what was shown, and on record', async () => {
    await tree.create('/orders', 'one')
    await tree.setAcl('/orders', ADMIN_TOO)
    await tree.set('/orders', 'two')
    await tree.setAcl('/orders', OPEN_ACL)
    await archive()
    const { transactions } = await list('/orders')
    const [, second, acl, first] = transactions
    await expect(restore('/orders', first!.zxid, 'data', await getExpected('/orders'))).rejects.toMatchObject({
      code: 'CLUSTER_READ_ONLY',
    })
    await armCluster(services.contextFor('admin'), { clusterId, minutes: 15 })
    await expect(
      restoreZnodeVersion(services.contextFor('viewer'), {
        clusterId,
        path: '/orders',
        zxid: first!.zxid,
        part: 'data',
        expected: await getExpected('/orders'),
      }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })

    const shown = await getExpected('/orders')
    expect(await restore('/orders', first!.zxid, 'data', shown)).toMatchObject({ kind: 'done' })
    expect(await tree.text('/orders')).toBe('one')
    // What was shown is old now: theirs is told, and nothing is written.
    const conflict = await restore('/orders', second!.zxid, 'data', shown)
    expect(conflict).toMatchObject({
      kind: 'conflict',
      theirs: { znode: { data: Buffer.from('one').toString('base64') } },
    })
    expect(await tree.text('/orders')).toBe('one')
    expect(await restore('/orders', acl!.zxid, 'acl', await getExpected('/orders'))).toMatchObject({ kind: 'done' })
    expect((await tree.find('/orders'))!.acl).toEqual(ADMIN_TOO)
    const written = (await services.readAudit())
      .filter(({ action }) => action.startsWith('znode.'))
      .filter(({ outcome }) => outcome !== 'started')
    expect(written.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['znode.set-data', 'denied'],
      ['znode.set-data', 'denied'],
      ['znode.set-data', 'ok'],
      ['znode.set-data', 'failed'],
      ['znode.set-acl', 'ok'],
    ])
    expect(written[2]).toMatchObject({ path: '/orders', reason: expect.stringContaining(first!.zxid) })
  })

  it('creates what is gone again, as what it was', async () => {
    await armCluster(services.contextFor('admin'), { clusterId, minutes: 15 })
    await client.create({ path: '/box', data: null, acl: READ_ONLY, kind: 'container' })
    await tree.remove('/box')
    await client.create({ path: '/lock', data: Buffer.from('me'), acl: OPEN_ACL, kind: 'ephemeral' })
    await tree.remove('/lock')
    await archive()
    for (const [path, kind] of [
      ['/box', 'container'],
      ['/lock', 'persistent'],
    ] as const) {
      const { transactions } = await list(path)
      const created = transactions.at(-1)!.zxid
      const input = { clusterId, path, zxid: created, part: 'data', expected: null } as const
      expect(await restoreZnodeVersion(operator(), input)).toMatchObject({ kind: 'done', path })
      const znode = await tree.find(path)
      expect(znode!.acl).toEqual(path === '/box' ? READ_ONLY : OPEN_ACL)
      expect(znode!.stat.ephemeralOwner).toBe(0n)
      await archive()
      const [again] = (await list(path)).transactions
      const detail = await getZnodeTransaction(operator(), { ref: live(), path, zxid: again!.zxid })
      expect(detail.after).toMatchObject({ kind: 'present', znodeKind: kind })
      // It is there again, so it is not created over.
      expect(await restoreZnodeVersion(operator(), input)).toMatchObject({ kind: 'conflict' })
      // What was deleted by then cannot be put back.
      const gone = { ...input, zxid: transactions[0]!.zxid }
      await expect(restoreZnodeVersion(operator(), gone)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })
})

describe('undoing a transaction', () => {
  beforeEach(async () => {
    await addTestPeople(services)
    await armCluster(services.contextFor('admin'), { clusterId, minutes: 15 })
  })

  const undo = async (zxid: string) => {
    const { restoreId } = await undoTransaction(operator(), { clusterId, zxid })
    await workOffJobs(services)
    return getRestore(operator(), restoreId)
  }
  const carryOut = async (restoreId: string) => {
    const { plan } = await getRestore(operator(), restoreId)
    const typedName = 'orders'
    await confirmRestore(operator(), { restoreId, planHash: plan?.hash ?? '', typedName, reason: 'a slip' })
    await workOffJobs(services)
    return getRestore(operator(), restoreId)
  }
  const lastOf = async (path: string) => (await list(path)).transactions[0]!.zxid

  it('takes each znode of a multi back to what it was, and is taken back itself', async () => {
    await tree.create('/app', 'one')
    await tree.create('/app/old', 'kept')
    await tree.setAcl('/app/old', ADMIN_TOO)
    await tree.create('/app/other', 'stays')
    const multi = await client.multi([
      { op: 'setData', path: '/app', data: Buffer.from('two'), version: -1 },
      { op: 'delete', path: '/app/old', version: -1 },
      { op: 'create', path: '/app/new', data: Buffer.from('x'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    expect(multi.kind).toBe('done')
    await archive()
    const zxid = await lastOf('/app/new')
    await expect(undoTransaction(services.contextFor('viewer'), { clusterId, zxid })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    const planned = await undo(zxid)
    expect(planned).toMatchObject({
      state: 'planned',
      scopeLabel: `Undo of transaction ${zxid}: 3 znodes`,
      plan: { creates: 1, updates: 1, deletes: 1, aclChanges: 0, laterWrites: { count: 0 } },
      stale: null,
    })
    const done = await carryOut(planned.id)
    expect(done).toMatchObject({ state: 'succeeded', report: { verified: true, differences: [] } })
    expect([await tree.text('/app'), await tree.text('/app/old'), await tree.find('/app/new')]).toEqual([
      'one',
      'kept',
      null,
    ])
    expect((await tree.find('/app/old'))!.acl).toEqual(ADMIN_TOO)

    const { restoreId } = await startUndo(operator(), done.id)
    await workOffJobs(services)
    expect(await carryOut(restoreId)).toMatchObject({ state: 'succeeded' })
    expect([await tree.text('/app'), await tree.find('/app/old'), await tree.text('/app/new')]).toEqual([
      'two',
      null,
      'x',
    ])
  })

  it('leaves what was written since as it is, unless somebody says otherwise', async () => {
    await tree.create('/app', 'one')
    await tree.create('/made', 'x')
    const made = client.lastZxidSeen()
    await tree.set('/app', 'two')
    const set = client.lastZxidSeen()
    await tree.set('/app', 'three')
    await tree.create('/made/child', 'theirs')
    await archive()

    const planned = await undo(formatHex64(set))
    expect(planned.plan).toMatchObject({ steps: 0, laterWrites: { count: 1, overwritten: false } })
    expect(planned.plan?.warnings.map(({ path }) => path)).toContain('/app')
    expect(planned.canConfirm.ok).toBe(false)
    await replanRestore(operator(), planned.id, 'overwrite')
    await workOffJobs(services)
    expect(await carryOut(planned.id)).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/app')).toBe('one')
    // Children of others are never deleted.
    expect((await undo(formatHex64(made))).plan).toMatchObject({ steps: 0, laterWrites: { count: 1 } })
  })

  it('finds in the tree of then what the log does not go back to', async () => {
    await tree.create('/old', 'first')
    const after = client.lastZxidSeen()
    await tree.remove('/old')
    const removed = client.lastZxidSeen()
    const { archives } = operator()
    const sources = await archives.logs.memberLogs(server.dataDir)
    const reader = new HistoryReader(sources, { after, to: removed })
    await archives.logs.append(logFolder(operator(), 'orders'), { entries: reader.readEntries(), members: ['zk1'] })
    const planned = await undo(formatHex64(removed))
    expect(planned.plan).toMatchObject({ creates: 1, steps: 1, skipped: {} })
    expect(await carryOut(planned.id)).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/old')).toBe('first')
  })

  it('says what cannot be taken back: ephemerals, sessions, what failed', async () => {
    const colleague = await createZooKeeper().connect({ connectString: server.connectString })
    await colleague.create({ path: '/lock', data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    const locked = formatHex64(colleague.lastZxidSeen())
    await colleague.close()
    await tree.create('/job-0000000007')
    const queued = client.lastZxidSeen()
    await archive()
    for (const zxid of [locked, await lastOf('/lock')])
      await expect(undoTransaction(operator(), { clusterId, zxid })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('belongs to sessions'),
      })
    const planned = await undo(formatHex64(queued))
    expect(planned.plan?.warnings.map(({ code }) => code)).toContain('counter-kept')
    await expect(undoTransaction(operator(), { clusterId, zxid: '0xffffffffff' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('the drift from a baseline', () => {
  it('is compared as a whole once, and then where the kept log says that something was touched', async () => {
    await addTestPeople(services)
    await tree.create('/app', 'one')
    await tree.create('/app/gone', 'x')
    await keepLogs(services.contextFor('admin'), { clusterId, enabled: true })
    await startBackup(operator(), { clusterId, paths: [] })
    await workOffJobs(services)
    const [backup] = (await listBackups(operator())).backups
    await tree.create('/early')
    await setLiveDrift(operator(), { clusterId, backupId: backup?.id ?? '' })
    const system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
    const measure = async () => {
      services.clock.advance(60_000)
      expect(await runDueLiveDrift(system, 'w1')).toBe(true)
      return getLiveDrift(operator(), clusterId)
    }
    const early = { path: '/early', change: 'added', fields: [] }
    const first = await measure()
    expect(first).toMatchObject({ state: 'current', differences: [early], asOf: { added: 1, removed: 0, changed: 0 } })

    await tree.set('/app', 'two')
    await tree.remove('/app/gone')
    await client.create({ path: '/lock', data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    // As long as the log does not say so, nothing was touched.
    expect((await measure())?.differences).toEqual([early])
    await archive()
    const second = await measure()
    expect(second).toMatchObject({
      state: 'current',
      error: null,
      differences: [
        { path: '/app', change: 'changed', fields: ['data'] },
        { path: '/app/gone', change: 'removed', fields: [] },
        early,
      ],
      asOf: { added: 1, removed: 1, changed: 1 },
    })
    expect(BigInt(second!.asOf!.zxid)).toBeGreaterThanOrEqual(client.lastZxidSeen())
    await tree.remove('/lock')
    await tree.set('/app', 'one')
    await tree.remove('/early')
    await archive()
    expect(await measure()).toMatchObject({ differences: [{ path: '/app/gone' }], asOf: { added: 0, changed: 0 } })
  })
})
