import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createLocalMachine } from '../../adapters/members/local-machine.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { catalogServerFiles } from '../../testing/archive-of-server.ts'
import { type ControlledServers, createControlledServers } from '../../testing/controlled-servers.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { createPhysical } from './create-physical.ts'
import { getPhysical } from './get-physical.ts'
import { confirmPhysical, resumePhysical, undoPhysical } from './start-physical.ts'

const CLUSTER = 'three'

let rig: ControlledServers
let services: TestServices
let context: ServiceContext
let clusterId = ''
let client: ClusterConnection
let tree: LiveTree
let backupId = ''
let members: ControlledServers['members']
/** The member at whose files the power fails. */
let failAt: string | null = null

beforeAll(async () => {
  rig = await createControlledServers({ cluster: CLUSTER, size: 3 })
  await rig.startAll()
  members = rig.members
  const machine = createLocalMachine()
  services = await createTestServices({
    zookeeper: createZooKeeper(),
    archives: createFileArchives(),
    machine: {
      ...machine,
      moveAside: async (member, folder) => {
        if (member.name === failAt) throw new Error('the power fails')
        return machine.moveAside(member, folder)
      },
    },
  })
  context = { ...services.contextFor('admin'), members: { list: async () => members } }
  await addTestPeople(services)
  clusterId = (await addCluster(context, { name: CLUSTER, connectString: rig.connectString })).id
  await armCluster(context, { clusterId, minutes: 60, reason: 'test' })
  await connectAnew()
  await tree.create('/app', 'one')
  await tree.create('/seq')
  for (let i = 0; i < 3; i++) {
    await client.create({ path: '/seq/n-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true })
  }
  await client.create({ path: '/app/session', data: null, acl: OPEN_ACL, kind: 'ephemeral' })
  await rig.stopAll()
  await rig.startAll()
  backupId = await catalogServerFiles(context, { id: clusterId, name: CLUSTER }, rig.servers)
  await tree.set('/app', 'two')
  await tree.create('/later', 'l')
}, 120_000)
afterAll(async () => {
  await client?.close()
  await services?.close()
  await rig?.remove()
})

async function connectAnew(): Promise<void> {
  await client?.close()
  client = await createZooKeeper().connect({ connectString: rig.connectString, sessionTimeoutMs: 40_000 })
  tree = new LiveTree(client)
}

const find = async (path: string) => {
  await client.sync('/')
  const reading = await client.get(path)
  return reading.kind === 'found' ? reading.znode : null
}

const work = () =>
  workOffJobs({
    ...services,
    contextFor: (...input) => ({ ...services.contextFor(...input), members: { list: async () => members } }),
  })

async function check() {
  const { physicalId } = await createPhysical(context, { backupId, way: 'worker' })
  await work()
  return getPhysical(context, physicalId)
}

it('an ensemble with a voter that nobody covers is refused: its newer data would win', async () => {
  members = rig.members.slice(0, 2)
  const view = await check()
  members = rig.members
  expect(view.plan?.kind).toBe('ensemble')
  const blockers = view.plan?.findings.filter(({ level }) => level === 'blocker') ?? []
  expect(blockers.map(({ code, message }) => [code, message.slice(0, 8)])).toEqual([['voters', 'server.3']])
  const confirm = { physicalId: view.id, planHash: view.planHash ?? '', typedName: CLUSTER, reason: 'r' }
  await expect(confirmPhysical(context, confirm)).rejects.toMatchObject({ code: 'WRONG_STATE' })
}, 60_000)

it('all three get the files with their epochs kept, after a power failure in the middle, and go back again', async () => {
  const view = await check()
  expect(view.plan?.findings.filter(({ level }) => level === 'blocker')).toEqual([])
  expect(view.plan?.findings.map(({ code, level }) => `${code} ${level}`)).toEqual(
    expect.arrayContaining(['zxid ok', 'epochs ok', 'voters ok']),
  )
  const zxidBefore = client.lastZxidSeen()
  const epochs = await Promise.all(
    rig.members.map(({ dataDir }) => readFile(join(dataDir, 'version-2', 'currentEpoch'), 'utf8')),
  )
  failAt = 'zk2'
  await confirmPhysical(context, {
    physicalId: view.id,
    planHash: view.planHash ?? '',
    typedName: CLUSTER,
    reason: 'r',
  })
  await work()
  const cut = await getPhysical(context, view.id)
  expect(cut).toMatchObject({ state: 'failed', canResume: { ok: true }, canUndo: { ok: true } })
  expect(cut.members.map(({ stand }) => stand)).toEqual(['aside', 'moving', 'untouched'])
  // None is started on what is half of a restore.
  expect(rig.servers.map((server) => server.pid())).toEqual([null, null, null])
  failAt = null
  await resumePhysical(context, view.id)
  await work()
  const done = await getPhysical(context, view.id)
  expect(done).toMatchObject({ state: 'succeeded', error: null, report: { differenceCount: 0 } })
  expect(done.report?.servers).toEqual(['zk1', 'zk2', 'zk3'])
  expect(done.members.every(({ stand, isServing }) => stand === 'placed' && isServing)).toBe(true)

  // The client of before, which has seen more than the backup holds, is let in: the new epoch is above.
  expect((await find('/app'))?.data).toEqual(Buffer.from('one'))
  expect((await find('/app/session'))?.stat.ephemeralOwner).toBe(client.sessionId)
  expect(await find('/later')).toBeNull()
  const next = await client.create({ path: '/seq/n-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true })
  expect(next).toMatchObject({ kind: 'done', path: '/seq/n-0000000003' })
  expect(client.lastZxidSeen() >> 32n).toBeGreaterThan(zxidBefore >> 32n)
  const now = await Promise.all(
    rig.members.map(({ dataDir }) => readFile(join(dataDir, 'version-2', 'currentEpoch'), 'utf8')),
  )
  expect(now.every((epoch, i) => Number(epoch) > Number(epochs[i]))).toBe(true)

  await undoPhysical(context, { physicalId: view.id, typedName: CLUSTER, reason: 'back' })
  await work()
  expect(await getPhysical(context, view.id)).toMatchObject({ state: 'undone', error: null })
  expect((await find('/app'))?.data).toEqual(Buffer.from('two'))
  expect((await find('/later'))?.data).toEqual(Buffer.from('l'))
  for (const { dataDir } of rig.members) {
    expect(await readdir(dataDir)).toContain(`${view.plan?.asideFolder}-undone`)
  }
  // Longer than the product waits for a server, so that it says which one it was.
}, 300_000)
