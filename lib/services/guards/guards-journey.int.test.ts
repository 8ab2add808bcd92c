import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { startUndo } from '../restores/start-undo.ts'
import type { RestoreView } from '../restores/views.ts'
import { adviseOnPath } from './advise-on-path.ts'
import { lookAgain } from './look-again.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''
let sourceId = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  for (const [root, epoch, config] of [
    ['/good', '5', 'new'],
    ['/live', '9', 'old'],
  ]) {
    await tree.create(`${root}`)
    await tree.create(`${root}/kafka`)
    await tree.create(`${root}/kafka/brokers`)
    await tree.create(`${root}/kafka/brokers/ids`)
    await tree.create(`${root}/kafka/controller_epoch`, epoch)
    await tree.create(`${root}/app`)
    await tree.create(`${root}/app/config`, config)
  }
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'live', connectString: `${server.connectString}/live` })).id
  sourceId = (await addCluster(context, { name: 'good', connectString: `${server.connectString}/good` })).id
})
afterAll(async () => {
  await services?.close()
  await client?.close()
  await server?.stop()
})

async function plan(): Promise<RestoreView> {
  const { restoreId } = await createRestore(context, {
    clusterId,
    source: `live:${sourceId}`,
    selection: { kind: 'all' },
  })
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

const confirmation = ({ id, plan: made }: RestoreView) => ({
  restoreId: id,
  planHash: made?.hash ?? '',
  typedName: 'live',
  reason: 'a test',
})

describe('the guards of a restore', () => {
  it('come with the plan, are ticked off before it runs, and come with its undo', async () => {
    const restore = await plan()
    expect(restore.plan?.warnings[0]).toMatchObject({
      code: 'application-counter',
      path: '/kafka/controller_epoch',
      severity: 'danger',
      advice: expect.stringContaining('Leave it out'),
    })
    await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
    await expect(confirmRestore(context, confirmation(restore))).rejects.toMatchObject({
      code: 'CONFIRMATION_MISMATCH',
      details: { fields: { dangersRead: expect.any(String) } },
      unaffected: 'nothing was written',
    })
    expect((await getRestore(context, restore.id)).state).toBe('planned')
    await confirmRestore(context, { ...confirmation(restore), dangersRead: true })
    await workOffJobs(services)
    expect((await getRestore(context, restore.id)).state).toBe('succeeded')

    const { restoreId } = await startUndo(context, restore.id)
    await workOffJobs(services)
    const undo = await getRestore(context, restoreId)
    expect(undo.plan?.warnings[0]).toMatchObject({ code: 'application-counter', path: '/kafka/controller_epoch' })
    await confirmRestore(context, { ...confirmation(undo), dangersRead: true })
    await workOffJobs(services)
    expect((await getRestore(context, restoreId)).state).toBe('succeeded')
  })

  it('are asked for again on demand: a watch that came after the plan is there, and what is fixed is not told twice', async () => {
    const restore = await plan()
    const before = await lookAgain(context, restore.id)
    expect(before.warnings).toEqual([])
    expect(before).toMatchObject({
      steps: 2,
      isPart: false,
      asked: [{ server: server.connectString, kind: 'known', message: 'asked by wchp' }],
    })
    const stop = await client.watch({ dirs: [], znodes: ['/live/app/config'] }, () => undefined)
    // What was asked a moment ago is not asked again.
    expect(await lookAgain(context, restore.id)).toBe(before)
    services.clock.advance(10_000)
    const after = await lookAgain(context, restore.id)
    expect(after.warnings).toEqual([
      expect.objectContaining({
        code: 'watched',
        path: '/app/config',
        message: expect.stringContaining(`session ${formatHex64(client.sessionId)} (127.0.0.1:`),
      }),
    ])
    await stop()
    services.clock.advance(10_000)
    // Whoever asked first has closed the page: the others, who wait for the same answer, get it.
    const [, other] = await Promise.allSettled([
      lookAgain({ ...context, signal: AbortSignal.abort() }, restore.id),
      lookAgain(context, restore.id),
    ])
    expect(other).toMatchObject({ status: 'fulfilled', value: { steps: 2 } })
    expect((await getRestore(context, restore.id)).plan?.hash).toBe(restore.plan?.hash)
  })
})

describe('advice on a znode that is written by hand', () => {
  const advise = async (path: string, act: 'create' | 'change' | 'delete') =>
    (await adviseOnPath(context, { clusterId, path, act })).map(({ code, severity }) => `${code} ${severity}`)

  it('is that of the pattern, where its application lives', async () => {
    expect(await advise('/kafka/controller_epoch', 'change')).toEqual(['application-counter danger'])
    expect(await advise('/kafka/brokers/ids/7', 'create')).toEqual(['application-runtime danger'])
    expect(await advise('/app/config', 'change')).toEqual([])
    expect(await advise('/app/controller_epoch', 'change')).toEqual([])
  })

  it('names the application that goes with a subtree', async () => {
    const [advice] = await adviseOnPath(context, { clusterId, path: '/kafka/brokers', act: 'delete' })
    expect(advice).toMatchObject({
      code: 'application-home',
      message: 'Kafka lives at /kafka, and /kafka/brokers is a part of it',
    })
    expect(await advise('/kafka', 'delete')).toEqual(['application-home danger'])
    expect(await advise('/app', 'delete')).toEqual([])
  })

  it('refuses what is no act and no path', async () => {
    await expect(advise('/a', 'burn' as 'delete')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(advise('a', 'delete')).rejects.toMatchObject({ code: 'BAD_PATH' })
  })
})
