import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { ZooKeeperError } from '../../adapters/zookeeper/errors.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { listRestores } from '../restores/list-restores.ts'
import { planAnew } from '../restores/plan-anew.ts'
import { startUndo } from '../restores/start-undo.ts'
import { createZnode } from '../tree/create-znode.ts'
import { deleteZnode } from '../tree/delete-znode.ts'
import { getZnode } from '../tree/get-znode.ts'
import { setZnodeAcl } from '../tree/set-znode-acl.ts'
import { setZnodeData } from '../tree/set-znode-data.ts'
import type { ZnodeWriteView } from '../tree/views.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''

const zookeeper = createZooKeeper()
/** The connection of the next deletion is lost when it is sent, and stays away. */
let losesConnection = false

const port: ZooKeeperPort = {
  ...zookeeper,
  connect: async (...args) => {
    const connection = await zookeeper.connect(...args)
    const lost = new ZooKeeperError('CONNECTION_LOST', 'the connection was lost')
    const overrides: Partial<ClusterConnection> = {
      multi: async (...operations) => {
        const answer = await connection.multi(...operations)
        return losesConnection ? { kind: 'unknown', message: lost.message } : answer
      },
      sync: (path) => (losesConnection ? Promise.reject(lost) : connection.sync(path)),
    }
    return new Proxy(connection, {
      get: (target, key) => {
        const value: unknown = Reflect.get(overrides, key) ?? Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  },
}

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: port, archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  await tree.create('/app', 'old')
})
afterEach(async () => {
  await services.close()
  await tree.clear()
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

async function statOf(path: string) {
  const reading = await getZnode(context, { ref: { kind: 'live', clusterId }, path })
  if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
  return reading.znode.stat
}

async function setData(path: string, text: string) {
  const { version, czxid } = await statOf(path)
  return setZnodeData(context, { clusterId, path, data: base64(text), expectedVersion: version, expectedCzxid: czxid })
}

function editOf(written: ZnodeWriteView): string {
  expect(written.kind).toBe('done')
  return (written.kind === 'done' && written.editId) || ''
}

async function planUndo(editId: string) {
  const { restoreId } = await startUndo(context, editId)
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

async function undo(editId: string) {
  const planned = await planUndo(editId)
  const planHash = planned.plan?.hash ?? ''
  await confirmRestore(context, { restoreId: planned.id, planHash, typedName: 'demo', reason: 'a test' })
  await workOffJobs(services)
  return getRestore(context, planned.id)
}

describe('an edit by hand', () => {
  it('of a value, an ACL, or a creation is taken back like a restore', async () => {
    const value = editOf(await setData('/app', 'new'))
    const { aversion, czxid } = await statOf('/app')
    const acl = [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }]
    const access = editOf(
      await setZnodeAcl(context, { clusterId, path: '/app', acl, expectedAversion: aversion, expectedCzxid: czxid }),
    )
    const creation = { clusterId, kind: 'persistent', data: base64('made') } as const
    const created = editOf(await createZnode(context, { ...creation, path: '/app/made' }))
    const numbered = await createZnode(context, { ...creation, path: '/app/n-', sequential: true })

    expect(await listRestores(context, { clusterId })).toEqual([])
    const edits = await listRestores(context, { clusterId, edits: true })
    expect(
      edits.map(({ scopeLabel, canUndo, canResume, canPlanAnew }) => [
        scopeLabel,
        canUndo.ok,
        canResume.ok || canPlanAnew.ok,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['Created /app/made', true, false],
        ['Changed the access to /app', true, false],
        ['Changed the value of /app', true, false],
      ]),
    )
    await expect(planAnew(context, value)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    for (const editId of [value, access, created, editOf(numbered)])
      expect(await undo(editId)).toMatchObject({ state: 'succeeded', undoOfId: editId, report: { applied: 1 } })
    expect(await tree.find('/app')).toMatchObject({ acl: OPEN_ACL })
    expect(await tree.text('/app')).toBe('old')
    expect(await tree.namesOf('/app')).toEqual([])
    await expect(startUndo(context, value)).rejects.toMatchObject({ code: 'WRONG_STATE' })
  })

  it('that deletes a subtree is taken back with values, ACLs and emptiness as they were', async () => {
    await tree.create('/app/null', null)
    await tree.create('/app/bin', Buffer.from([0, 255]))
    await tree.create('/app/bin/below', '', [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])
    const { version, czxid } = await statOf('/app')
    const input = { clusterId, path: '/app', expectedVersion: version, expectedCzxid: czxid }
    expect(await deleteZnode(context, { ...input, descendants: 2 })).toMatchObject({ kind: 'conflict' })
    expect(await listRestores(context, { edits: true })).toEqual([])
    const edit = editOf(await deleteZnode(context, { ...input, descendants: 3 }))
    expect(await tree.text('/app')).toBeUndefined()
    expect(await undo(edit)).toMatchObject({ state: 'succeeded', report: { applied: 4, verified: true } })
    expect([await tree.text('/app'), await tree.text('/app/null'), await tree.text('/app/bin/below')]).toEqual([
      'old',
      null,
      '',
    ])
    expect([...((await tree.find('/app/bin'))?.data ?? [])]).toEqual([0, 255])
    expect((await tree.find('/app/bin/below'))?.acl).toEqual([{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])
  })

  it('that was sent is never forgotten, whatever fails afterwards', async () => {
    const { version, czxid } = await statOf('/app')
    losesConnection = true
    const input = { clusterId, path: '/app', expectedVersion: version, expectedCzxid: czxid, descendants: 0 }
    await expect(deleteZnode(context, input)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    losesConnection = false
    expect(await tree.text('/app')).toBeUndefined()
    const [edit] = await listRestores(context, { clusterId, edits: true })
    expect(edit).toMatchObject({ state: 'failed', canUndo: { ok: true } })
    expect(await undo(edit?.id ?? '')).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/app')).toBe('old')
  })

  it('says before it is taken back that somebody has written since, and leaves that', async () => {
    const edit = editOf(await setData('/app', 'new'))
    await tree.set('/app', 'theirs')
    const planned = await planUndo(edit)
    expect(planned.plan).toMatchObject({ steps: 0, laterWrites: { count: 1, overwritten: false } })
    expect(await tree.text('/app')).toBe('theirs')
  })

  it('leaves no record when it was refused, and one that looks at the live tree when nobody knows', async () => {
    const { version, czxid } = await statOf('/app')
    const stale = { clusterId, path: '/app', data: base64('x'), expectedVersion: version + 1, expectedCzxid: czxid }
    expect(await setZnodeData(context, stale)).toMatchObject({ kind: 'conflict' })
    const taken = { clusterId, path: '/app', data: null, kind: 'persistent' } as const
    expect(await createZnode(context, taken)).toMatchObject({ kind: 'conflict' })
    expect(await listRestores(context, { edits: true })).toEqual([])
    const edit = editOf(await setData('/app', 'new'))
    // As a process leaves it that died before the answer came.
    await services.database.client.restore.update({ where: { id: edit }, data: { state: 'failed' } })
    expect(await undo(edit)).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/app')).toBe('old')
  })
})
