import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import { disarmCluster } from '../clusters/disarm-cluster.ts'
import { countDescendants } from './count-descendants.ts'
import { createZnode } from './create-znode.ts'
import { deleteZnode } from './delete-znode.ts'
import { exportSubtree } from './export-subtree.ts'
import { getZnode } from './get-znode.ts'
import { listChildren } from './list-children.ts'
import { listHistory } from './list-history.ts'
import { measureSubtree } from './measure-subtree.ts'
import { setZnodeAcl } from './set-znode-acl.ts'
import { setZnodeData } from './set-znode-data.ts'
import type { TreeEventView, ZnodeView, ZnodeWriteView } from './views.ts'
import { watchTree } from './watch-tree.ts'

const PASSWORD = 'planted-password'
const VALUE = 'planted-value-of-a-znode'

let server: ZooKeeperServer
/** The colleague who writes at the same time. */
let other: ClusterConnection
beforeAll(async () => {
  server = await startZooKeeper()
  other = await createZooKeeper().connect({ connectString: server.connectString })
})
afterAll(async () => {
  await other.close()
  await server.stop()
})

let services: TestServices
let clusterId: string
let testNumber = 0
/** A place of each test's own. */
let base: string
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  const admin = services.contextFor('admin')
  const cluster = await addCluster(admin, {
    name: 'orders',
    connectString: server.connectString,
    auth: { kind: 'digest', username: 'ark', password: PASSWORD },
  })
  clusterId = cluster.id
  await armCluster(admin, { clusterId, minutes: 15 })
  base = `/t${++testNumber}`
  await otherCreate(base)
})
afterEach(async () => {
  const everything = JSON.stringify([await services.readAudit(), services.logLines])
  await services.close()
  expect(everything).not.toContain(PASSWORD)
  expect(everything).not.toContain(VALUE)
  expect(everything).not.toContain(toBase64(VALUE))
})

const operator = () => services.contextFor('operator')
const viewer = () => services.contextFor('viewer')
const live = () => ({ kind: 'live', clusterId }) as const
const toBase64 = (text: string) => Buffer.from(text).toString('base64')

async function otherCreate(path: string, data: string | null = null, kind: 'persistent' | 'ephemeral' = 'persistent') {
  const outcome = await other.create({ path, data: data === null ? null : Buffer.from(data), acl: OPEN_ACL, kind })
  expect(outcome.kind).toBe('done')
}
async function otherSet(path: string, data: string) {
  expect((await other.multi([{ op: 'setData', path, data: Buffer.from(data), version: -1 }])).kind).toBe('done')
}
async function otherDelete(path: string) {
  expect((await other.multi([{ op: 'delete', path, version: -1 }])).kind).toBe('done')
}

async function read(path: string): Promise<ZnodeView> {
  const reading = await getZnode(viewer(), { ref: live(), path })
  if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
  return reading.znode
}
async function exists(path: string): Promise<boolean> {
  return (await other.get(path)).kind === 'found'
}
async function otherRead(path: string): Promise<string | null> {
  const reading = await other.get(path)
  if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
  return reading.znode.data === null ? null : Buffer.from(reading.znode.data).toString()
}
const lastAudit = async () => (await services.readAudit()).at(-1)
const isDone = (view: ZnodeWriteView) => view.kind === 'done'

describe('reading', () => {
  test('gives a page of children in path order, with what a row shows', async () => {
    for (const name of ['b', 'a-', 'a', 'c']) await otherCreate(`${base}/${name}`, 'xyz')
    await otherCreate(`${base}/a/below`)
    const first = await listChildren(viewer(), { ref: live(), path: base, limit: 3 })
    expect(first).toMatchObject({
      kind: 'page',
      total: 4,
      children: [
        { name: 'a', path: `${base}/a`, numChildren: 1, dataLength: 3 },
        { name: 'a-', path: `${base}/a-` },
        { name: 'b' },
      ],
    })
    if (first.kind !== 'page' || first.next === null) throw new Error('a second page was expected')
    const second = await listChildren(viewer(), { ref: live(), path: base, limit: 3, after: first.next })
    expect(second).toMatchObject({ kind: 'page', children: [{ name: 'c' }], next: null })
    expect(await countDescendants(viewer(), { clusterId, path: base })).toBe(5)
  })

  test('shows the system subtree at the root, and tells null from empty', async () => {
    const root = await listChildren(viewer(), { ref: live(), path: '/', limit: 1000 })
    if (root.kind !== 'page') throw new Error(root.kind)
    expect(root.children.map((child) => child.path)).toContain('/zookeeper')
    await otherCreate(`${base}/null`, null)
    await otherCreate(`${base}/empty`, '')
    expect((await read(`${base}/null`)).data).toBeNull()
    expect((await read(`${base}/empty`)).data).toBe('')
  })

  test('answers missing and unreadable as such, and a wrong path as an error', async () => {
    expect(await getZnode(viewer(), { ref: live(), path: `${base}/none` })).toEqual({ kind: 'missing' })
    expect(await listChildren(viewer(), { ref: live(), path: `${base}/none` })).toEqual({ kind: 'missing' })
    const acl = [{ perms: 31, scheme: 'digest', id: 'nobody:KmGeRSgfGk7Plv2Xqd0yEUlRfhM=' }]
    await other.create({ path: `${base}/secret`, data: Buffer.from(VALUE), acl, kind: 'persistent' })
    expect(await getZnode(viewer(), { ref: live(), path: `${base}/secret` })).toMatchObject({ kind: 'unreadable' })
    expect(await listChildren(viewer(), { ref: live(), path: `${base}/secret` })).toMatchObject({ kind: 'unreadable' })
    await expect(getZnode(viewer(), { ref: live(), path: 'no/slash' })).rejects.toMatchObject({ code: 'BAD_PATH' })
    await expect(getZnode(viewer(), { ref: { kind: 'live', clusterId: 'x' }, path: '/' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('the history of a live znode', () => {
  test('begins with the znode as it is, against the newest backup', async () => {
    await otherCreate(`${base}/a`, 'x')
    await addCataloguedBackup(services, 'b1', [{ path: `${base}/a`, data: 'x' }], { clusterId })
    const now = async () => listHistory(viewer(), { ref: live(), path: `${base}/a` })
    expect(await now()).toMatchObject({
      live: { reading: { kind: 'found', dataLength: 1, version: 0 }, change: { kind: 'same' } },
      entries: [{ backupId: 'b1', change: { kind: 'oldest' } }],
    })
    await otherSet(`${base}/a`, 'yy')
    expect(await now()).toMatchObject({ live: { change: { kind: 'changed', fields: ['data'] } } })
    await otherDelete(`${base}/a`)
    expect(await now()).toMatchObject({ live: { reading: { kind: 'missing' }, change: { kind: 'gone' } } })
  })

  test('is there when the cluster is not: live is told as not known', async () => {
    const mortal = await startZooKeeper()
    const { id } = await addCluster(services.contextFor('admin'), {
      name: 'mortal',
      connectString: mortal.connectString,
    })
    await mortal.stop()
    await addCataloguedBackup(services, 'b1', ['/a'], { clusterId: id })
    expect(await listHistory(viewer(), { ref: { kind: 'live', clusterId: id }, path: '/a' })).toMatchObject({
      live: { reading: { kind: 'failed' }, change: { kind: 'unknown' } },
      entries: [{ backupId: 'b1', reading: { kind: 'found' } }],
    })
  })
})

describe('exporting', () => {
  test('gives a live subtree as lines, and says what could not be read', async () => {
    await otherCreate(`${base}/a`, VALUE)
    await otherCreate(`${base}/a/member`, 'x', 'ephemeral')
    await otherCreate(`${base}-beside`)
    const acl = [{ perms: 31, scheme: 'digest', id: 'nobody:KmGeRSgfGk7Plv2Xqd0yEUlRfhM=' }]
    await other.create({ path: `${base}/secret`, data: null, acl, kind: 'persistent' })
    expect(await measureSubtree(operator(), { ref: live(), path: base })).toMatchObject({ znodes: 4, unreadable: null })
    let text = ''
    for await (const piece of exportSubtree(operator(), { ref: live(), path: base, exportId: 'e1' })) text += piece
    const lines = text
      .trim()
      .split('\n')
      .map((line): { path: string; kind: string; stat: object } => JSON.parse(line))
    expect(lines.map((line) => line.path)).toEqual([base, `${base}/a`, `${base}/a/member`])
    expect(lines[1]).toMatchObject({ data: toBase64(VALUE), stat: { numChildren: 1 } })
    expect(lines[2]).toMatchObject({ kind: 'ephemeral' })
    // Not counted among the children: it has no line either.
    expect(lines[0]).toMatchObject({ stat: { numChildren: 1 } })
    expect(await lastAudit()).toMatchObject({
      action: 'tree.export',
      outcome: 'ok',
      after: { znodes: 3, unreadable: 1, unreadablePaths: [`${base}/secret`] },
    })
    const whole = await measureSubtree(operator(), { ref: live(), path: '/' })
    let count = 0
    for await (const piece of exportSubtree(operator(), { ref: live(), path: '/', exportId: 'e2' })) {
      count += piece.split('\n').length - 1
    }
    // Those that other tests hid are counted by the server and not exported.
    expect(count).toBeLessThanOrEqual(whole.znodes)
    expect(count).toBeGreaterThan(3)
  })
})

describe('reading over a session', () => {
  test('goes on by itself when the session was lost together with its server', async () => {
    const mortal = await startZooKeeper()
    let reborn: ZooKeeperServer | undefined
    try {
      const { id } = await addCluster(services.contextFor('admin'), {
        name: 'mortal',
        connectString: mortal.connectString,
      })
      const ref = { kind: 'live', clusterId: id } as const
      expect(await getZnode(viewer(), { ref, path: '/' })).toMatchObject({ kind: 'found' })
      await mortal.stop()
      // Another data directory: this server has never heard of the session.
      reborn = await startZooKeeper({ clientPort: mortal.port })
      expect(await getZnode(viewer(), { ref, path: '/' })).toMatchObject({ kind: 'found' })
    } finally {
      await services.sessions.closeAll()
      await mortal.stop()
      await reborn?.stop()
    }
  })
})

describe('creating', () => {
  const create = (more: Partial<Parameters<typeof createZnode>[1]>) =>
    createZnode(operator(), { clusterId, path: `${base}/new`, data: toBase64(VALUE), kind: 'persistent', ...more })

  test('makes each kind, and puts it on record without the value', async () => {
    expect(isDone(await create({}))).toBe(true)
    expect(await otherRead(`${base}/new`)).toBe(VALUE)
    expect(await lastAudit()).toMatchObject({
      action: 'znode.create',
      outcome: 'ok',
      clusterName: 'orders',
      path: `${base}/new`,
      after: { kind: 'persistent', dataLength: VALUE.length, zxid: expect.stringMatching(/^0x/) },
    })
    expect(isDone(await create({ path: `${base}/container`, kind: 'container', data: null }))).toBe(true)
    expect(isDone(await create({ path: `${base}/ttl`, kind: 'ttl', ttlMs: 3_600_000, data: '' }))).toBe(true)
    expect(await otherRead(`${base}/container`)).toBeNull()
    expect(await otherRead(`${base}/ttl`)).toBe('')
  })

  test('names a sequential one as the server does, also with no name of its own', async () => {
    const first = await create({ path: `${base}/n-`, sequential: true })
    expect(first).toMatchObject({ kind: 'done', path: `${base}/n-0000000000` })
    expect(await lastAudit()).toMatchObject({ path: `${base}/n-0000000000`, outcome: 'ok' })
    expect(await create({ path: `${base}/`, sequential: true })).toMatchObject({ path: `${base}/0000000001` })
  })

  test('never overwrites: what is there is shown as a conflict', async () => {
    await otherCreate(`${base}/new`, 'theirs')
    const view = await create({})
    expect(view).toMatchObject({ kind: 'conflict', theirs: { kind: 'found', znode: { data: toBase64('theirs') } } })
    expect(await otherRead(`${base}/new`)).toBe('theirs')
    expect(await lastAudit()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('CONFLICT') })
  })

  test('is refused without a parent, under /zookeeper, at the root, with a wrong path and with a TTL that does not fit', async () => {
    await expect(create({ path: `${base}/no/parent` })).rejects.toMatchObject({
      code: 'WRITE_REFUSED',
      message: expect.stringContaining(`${base}/no`),
    })
    await expect(create({ path: '/zookeeper/x' })).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    await expect(create({ path: '/' })).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    await expect(create({ path: `${base}/../x` })).rejects.toMatchObject({ code: 'BAD_PATH' })
    await expect(create({ kind: 'ttl' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(create({ ttlMs: 5 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(create({ data: 'not base64!' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await exists(`${base}/new`)).toBe(false)
  })

  test('of more than the server takes is refused before it is sent', async () => {
    const data = Buffer.alloc(1_048_576).toString('base64')
    await expect(create({ data })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('1048'),
      details: { fields: { data: expect.any(String) } },
    })
    // The session is as good as before.
    expect(isDone(await create({}))).toBe(true)
  })
})

describe('changing a value', () => {
  const set = (znode: ZnodeView, data: string | null = toBase64(VALUE)) =>
    setZnodeData(operator(), {
      clusterId,
      path: znode.path,
      data,
      expectedVersion: znode.stat.version,
      expectedCzxid: znode.stat.czxid,
    })

  test('writes the version that was shown, and puts both versions on record', async () => {
    await otherCreate(`${base}/a`, 'old')
    const view = await set(await read(`${base}/a`))
    expect(isDone(view)).toBe(true)
    expect(await otherRead(`${base}/a`)).toBe(VALUE)
    const entries = (await services.readAudit()).filter((entry) => entry.action === 'znode.set-data')
    expect(entries).toMatchObject([
      { outcome: 'started', before: { version: 0 } },
      { outcome: 'ok', before: { version: 0, dataLength: 3 }, after: { version: 1, dataLength: VALUE.length } },
    ])
    expect(entries[1]?.after).toMatchObject({ zxid: view.kind === 'done' ? view.zxid : '' })
  })

  test('keeps null and empty apart', async () => {
    await otherCreate(`${base}/a`, 'old')
    expect(isDone(await set(await read(`${base}/a`), null))).toBe(true)
    expect(await otherRead(`${base}/a`)).toBeNull()
    expect(isDone(await set(await read(`${base}/a`), ''))).toBe(true)
    expect(await otherRead(`${base}/a`)).toBe('')
  })

  test('overwrites nothing that somebody else wrote meanwhile, from the very first version on', async () => {
    await otherCreate(`${base}/a`, 'old')
    const shown = await read(`${base}/a`)
    expect(shown.stat.version).toBe(0)
    await otherSet(`${base}/a`, 'theirs')
    expect(await set(shown)).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('version 1'),
      theirs: { kind: 'found', znode: { data: toBase64('theirs'), stat: { version: 1 } } },
    })
    expect(await otherRead(`${base}/a`)).toBe('theirs')
    expect(await lastAudit()).toMatchObject({ action: 'znode.set-data', outcome: 'failed' })
  })

  test('is guarded by the server too: of writers at the same moment one wins and the others see a conflict', async () => {
    await otherCreate(`${base}/a`, 'old')
    const shown = await read(`${base}/a`)
    const views = await Promise.all(Array.from({ length: 8 }, (_, i) => set(shown, toBase64(`writer ${i}`))))
    expect(views.filter(isDone)).toHaveLength(1)
    expect((await read(`${base}/a`)).stat.version).toBe(1)
    expect(await otherRead(`${base}/a`)).toBe(`writer ${views.findIndex(isDone)}`)
  })

  test('does not touch a znode that was deleted and created again, though its version is the same', async () => {
    await otherCreate(`${base}/a`, 'old')
    const shown = await read(`${base}/a`)
    await otherDelete(`${base}/a`)
    expect(await set(shown)).toMatchObject({ kind: 'conflict', theirs: { kind: 'missing' } })
    await otherCreate(`${base}/a`, 'theirs')
    expect(await set(shown)).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('created again'),
      theirs: { kind: 'found' },
    })
    expect(await otherRead(`${base}/a`)).toBe('theirs')
  })

  test('of more than the server takes is refused before it is sent', async () => {
    await otherCreate(`${base}/a`, 'old')
    const data = Buffer.alloc(1_048_576).toString('base64')
    await expect(set(await read(`${base}/a`), data)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await otherRead(`${base}/a`)).toBe('old')
  })

  test('without the write right is refused in words', async () => {
    const acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
    await other.create({ path: `${base}/a`, data: Buffer.from('old'), acl, kind: 'persistent' })
    await expect(set(await read(`${base}/a`))).rejects.toMatchObject({
      code: 'WRITE_REFUSED',
      message: expect.stringContaining('no right'),
      remedy: expect.any(String),
    })
    expect(await lastAudit()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('WRITE_REFUSED') })
  })
})

describe('changing an ACL', () => {
  const setAcl = (znode: ZnodeView, acl: { perms: number; scheme: string; id: string }[]) =>
    setZnodeAcl(operator(), {
      clusterId,
      path: znode.path,
      acl,
      expectedAversion: znode.stat.aversion,
      expectedCzxid: znode.stat.czxid,
    })
  const READ_ONLY = [{ perms: 1, scheme: 'world', id: 'anyone' }]

  test('writes the ACL version that was shown, and puts both on record', async () => {
    await otherCreate(`${base}/a`, 'x')
    expect(isDone(await setAcl(await read(`${base}/a`), READ_ONLY))).toBe(true)
    expect((await read(`${base}/a`)).acl).toEqual(READ_ONLY)
    expect(await lastAudit()).toMatchObject({
      action: 'znode.set-acl',
      outcome: 'ok',
      before: { aversion: 0 },
      after: { aversion: 1, entries: 1 },
    })
  })

  test('changes nothing when somebody else changed the ACL or made the znode anew', async () => {
    await otherCreate(`${base}/a`, 'x')
    const shown = await read(`${base}/a`)
    const theirs = [{ perms: 15, scheme: 'world', id: 'anyone' }]
    expect((await other.setAcl(`${base}/a`, theirs, -1)).kind).toBe('done')
    expect(await setAcl(shown, READ_ONLY)).toMatchObject({ kind: 'conflict', theirs: { znode: { acl: theirs } } })
    await otherDelete(`${base}/a`)
    await otherCreate(`${base}/a`, 'x')
    expect(await setAcl(shown, READ_ONLY)).toMatchObject({ kind: 'conflict' })
    expect((await read(`${base}/a`)).acl).toEqual(OPEN_ACL)
  })

  test('never writes back a hidden hash, nor what the server does not accept', async () => {
    await otherCreate(`${base}/a`, 'x')
    const shown = await read(`${base}/a`)
    await expect(setAcl(shown, [{ perms: 31, scheme: 'digest', id: 'ark:x' }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(setAcl(shown, [{ perms: 31, scheme: 'nosuch', id: 'y' }])).rejects.toMatchObject({
      code: 'WRITE_REFUSED',
    })
    expect((await read(`${base}/a`)).acl).toEqual(OPEN_ACL)
  })
})

describe('deleting', () => {
  const remove = (znode: ZnodeView, descendants = 0) =>
    deleteZnode(operator(), {
      clusterId,
      path: znode.path,
      expectedVersion: znode.stat.version,
      expectedCzxid: znode.stat.czxid,
      descendants,
    })

  test('takes a leaf, and puts its version on record', async () => {
    await otherCreate(`${base}/a`, 'x')
    expect(isDone(await remove(await read(`${base}/a`)))).toBe(true)
    expect(await exists(`${base}/a`)).toBe(false)
    expect(await lastAudit()).toMatchObject({
      action: 'znode.delete',
      outcome: 'ok',
      before: { version: 0, descendants: 0 },
      after: { deleted: 1 },
    })
  })

  test('takes a subtree of thousands, all of it', async () => {
    await otherCreate(`${base}/a`)
    for (let start = 0; start < 2500; start += 500) {
      const operations = Array.from({ length: 500 }, (_, i) => ({
        op: 'create' as const,
        path: `${base}/a/n${start + i}`,
        data: null,
        acl: OPEN_ACL,
        kind: 'persistent' as const,
        ttlMs: null,
      }))
      expect((await other.multi(operations)).kind).toBe('done')
    }
    await otherCreate(`${base}/a/n7/deep`)
    await otherCreate(`${base}/ab`)
    const shown = await countDescendants(viewer(), { clusterId, path: `${base}/a` })
    expect(shown).toBe(2501)
    expect(isDone(await remove(await read(`${base}/a`), shown))).toBe(true)
    expect(await exists(`${base}/a`)).toBe(false)
    expect(await exists(`${base}/ab`)).toBe(true)
    expect(await lastAudit()).toMatchObject({ outcome: 'ok', after: { deleted: 2502 } })
  })

  test('never takes more than was shown', async () => {
    await otherCreate(`${base}/a`)
    await otherCreate(`${base}/a/one`)
    const shown = await read(`${base}/a`)
    await otherCreate(`${base}/a/two`)
    expect(await remove(shown, 1)).toMatchObject({ kind: 'conflict', message: expect.stringContaining('1') })
    expect(await remove(shown, 0)).toMatchObject({ kind: 'conflict' })
    expect(await exists(`${base}/a/one`)).toBe(true)
  })

  test('leaves a znode that was changed or made anew', async () => {
    await otherCreate(`${base}/a`, 'x')
    const shown = await read(`${base}/a`)
    await otherSet(`${base}/a`, 'theirs')
    expect(await remove(shown)).toMatchObject({ kind: 'conflict', theirs: { kind: 'found' } })
    await otherDelete(`${base}/a`)
    await otherCreate(`${base}/a`, 'again')
    expect(await remove(shown)).toMatchObject({ kind: 'conflict' })
    expect(await otherRead(`${base}/a`)).toBe('again')
  })

  test('takes an ephemeral znode only when it is the one that was asked for', async () => {
    await otherCreate(`${base}/a`)
    await otherCreate(`${base}/a/member`, 'x', 'ephemeral')
    await expect(remove(await read(`${base}/a`), 1)).rejects.toMatchObject({
      code: 'WRITE_REFUSED',
      message: expect.stringContaining(`${base}/a/member`),
    })
    expect(await exists(`${base}/a/member`)).toBe(true)
    expect(isDone(await remove(await read(`${base}/a/member`)))).toBe(true)
    expect(await exists(`${base}/a/member`)).toBe(false)
  })

  test('stops where it cannot see what lies below', async () => {
    await otherCreate(`${base}/a`)
    const acl = [{ perms: 31, scheme: 'digest', id: 'nobody:KmGeRSgfGk7Plv2Xqd0yEUlRfhM=' }]
    await other.create({ path: `${base}/a/secret`, data: null, acl, kind: 'persistent' })
    await expect(remove(await read(`${base}/a`), 10)).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    expect(await exists(`${base}/a`)).toBe(true)
  })

  test('never takes the root or what belongs to ZooKeeper', async () => {
    await expect(remove(await read('/'), 10_000)).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    await expect(remove(await read('/zookeeper/quota'))).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
  })
})

describe('every write', () => {
  const writes = async () => {
    await otherCreate(`${base}/a`, 'old')
    const { path, stat } = await read(`${base}/a`)
    const expected = { clusterId, path, expectedCzxid: stat.czxid }
    return [
      ['znode.create', (c) => createZnode(c, { clusterId, path: `${base}/new`, data: null, kind: 'persistent' })],
      ['znode.set-data', (c) => setZnodeData(c, { ...expected, data: null, expectedVersion: 0 })],
      ['znode.set-acl', (c) => setZnodeAcl(c, { ...expected, acl: [...OPEN_ACL], expectedAversion: 0 })],
      ['znode.delete', (c) => deleteZnode(c, { ...expected, expectedVersion: 0, descendants: 0 })],
    ] satisfies [string, (context: ReturnType<typeof operator>) => Promise<unknown>][]
  }

  test('is refused to a viewer, and the refusal is on record', async () => {
    for (const [action, write] of await writes()) {
      await expect(write(viewer()), action).rejects.toMatchObject({ code: 'FORBIDDEN' })
      expect(await lastAudit()).toMatchObject({ action, outcome: 'denied', actorId: 'viewer-1', clusterName: 'orders' })
    }
    expect(await otherRead(`${base}/a`)).toBe('old')
    expect(await exists(`${base}/new`)).toBe(false)
  })

  test('is refused while the cluster is read-only, and the refusal is on record', async () => {
    const all = await writes()
    await disarmCluster(services.contextFor('admin'), { clusterId })
    for (const [action, write] of all) {
      await expect(write(operator()), action).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
      expect(await lastAudit()).toMatchObject({ action, outcome: 'denied', actorId: 'operator-1' })
    }
    expect(await otherRead(`${base}/a`)).toBe('old')
    expect(await exists(`${base}/new`)).toBe(false)
  })

  test('does not happen when it cannot be put on record first', async () => {
    const all = await writes()
    await services.database.refuseEntries()
    for (const [action, write] of all) await expect(write(operator()), action).rejects.toThrow()
    expect(await otherRead(`${base}/a`)).toBe('old')
    expect(await exists(`${base}/new`)).toBe(false)
  })
})

describe('watching', () => {
  test('tells of changes that others make, each place once however often it changed, and ends with the signal', async () => {
    await otherCreate(`${base}/a`, 'x')
    const controller = new AbortController()
    const events = watchTree(viewer(), {
      clusterId,
      dirs: [base],
      znodes: [`${base}/a`],
      signal: controller.signal,
    })[Symbol.asyncIterator]()
    const next = async () => (await events.next()).value
    expect(await next()).toEqual({ kind: 'connection', state: 'connected' })

    await otherCreate(`${base}/b`)
    expect(await next()).toEqual({ kind: 'children', path: base })
    await otherSet(`${base}/a`, 'y')
    expect(await next()).toEqual({ kind: 'data', path: `${base}/a` })

    await otherDelete(`${base}/a`)
    const two = [await next(), await next()]
    expect(two).toContainEqual({ kind: 'children', path: base })
    expect(two).toContainEqual({ kind: 'deleted', path: `${base}/a` })

    const waiting = events.next()
    controller.abort()
    expect(await waiting).toEqual({ value: undefined, done: true })
  })

  test('ends with its last event when the cluster is taken away', async () => {
    const events = watchTree(viewer(), { clusterId, dirs: ['/'], znodes: [], signal: new AbortController().signal })
    const seen: TreeEventView[] = []
    for await (const event of events) {
      seen.push(event)
      if (event.kind === 'connection' && event.state === 'connected') await services.sessions.drop(clusterId)
    }
    expect(seen.at(-1)).toEqual({ kind: 'connection', state: 'closed' })
  })

  test('of more than a screen shows is refused', async () => {
    const dirs = Array.from({ length: 301 }, (_, i) => `/d${i}`)
    const events = watchTree(viewer(), { clusterId, dirs, znodes: [], signal: new AbortController().signal })
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
