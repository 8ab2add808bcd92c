import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { cancelJob } from '../jobs/cancel-job.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { getSearch } from './get-search.ts'
import { listHits } from './list-hits.ts'
import type { StartSearchInput } from './schemas.ts'
import { startSearch } from './start-search.ts'

let server: ZooKeeperServer
let other: ClusterConnection
let live: LiveTree
beforeAll(async () => {
  server = await startZooKeeper()
  other = await createZooKeeper().connect({ connectString: server.connectString })
  live = new LiveTree(other)
})
afterAll(async () => {
  await other.close()
  await server.stop()
})

let services: TestServices
let tree: string
/** Called after each batch that the walk of a search gives. */
let onBatch: ((signal: AbortSignal | undefined) => Promise<void>) | null
beforeEach(async () => {
  onBatch = null
  services = await createTestServices({ zookeeper: watchWalks(createZooKeeper()) })
  await addTestPeople(services)
  const cluster = await addCluster(services.contextFor('admin'), {
    name: 'orders',
    connectString: server.connectString,
    auth: { kind: 'none' },
  })
  tree = `live:${cluster.id}`
  await live.clear()
})
afterEach(() => services.close())

/** The real thing, held up between two batches. */
function watchWalks(zookeeper: ZooKeeperPort): ZooKeeperPort {
  return {
    ...zookeeper,
    connect: async (...given) => {
      const connection = await zookeeper.connect(...given)
      const readSubtree = connection.readSubtree.bind(connection)
      connection.readSubtree = async function* (...asked) {
        for await (const batch of readSubtree(...asked)) {
          yield batch
          await onBatch?.(asked[1]?.signal)
        }
      }
      return connection
    },
  }
}

const viewer = () => services.contextFor('viewer')

async function search(input: Omit<StartSearchInput, 'tree'>) {
  const started = await startSearch(viewer(), { tree, ...input })
  await workOffJobs(services)
  const { searchId } = started
  return { ...started, view: await getSearch(viewer(), searchId), ...(await listHits(viewer(), { searchId })) }
}

test('a value in a deep znode of a live cluster is found', async () => {
  await live.create('/a')
  let path = '/a'
  for (let depth = 0; depth < 30; depth++) {
    path = `${path}/level-${depth}`
    await live.create(path, `at ${depth}`)
  }
  await live.create(`${path}/config`, 'retries=5\nendpoint=https://Größe.example/\n')
  await live.fill('/b', 3000)
  const { view, hits } = await search({ valueForm: 'text', value: 'GRÖßE' })
  expect(hits).toMatchObject([
    { path: `${path}/config`, where: 'value', match: { offset: 27, preview: { match: 'Größe' } } },
  ])
  expect(view).toMatchObject({ state: 'ready', summary: { looked: 3034, unreadableCount: 0, cut: null } })
  const below = await search({ path: '/b', pathPattern: '/b/*7' })
  expect(below.total).toBe(300)
})

test('a place that may not be read is counted and named: the search could not look everywhere', async () => {
  await live.create('/app')
  await live.create('/app/closed', 'needle', [
    { perms: 31, scheme: 'digest', id: 'somebody:2jmj7l5rSw0yVb/vlWAYkK/YBwk=' },
  ])
  await live.create('/app/open', 'needle')
  const { view, hits } = await search({ path: '/app', valueForm: 'text', value: 'needle' })
  expect(hits.map((hit) => hit.path)).toEqual(['/app/open'])
  expect(view).toMatchObject({ state: 'ready', summary: { unreadable: ['/app/closed'], unreadableCount: 1 } })
})

test('a search is cancelled while it runs, keeps what it found, and can be run again', async () => {
  await live.fill('/many', 3000)
  const { searchId, jobId } = await startSearch(viewer(), { tree, path: '/many', pathPattern: '/many/*' })
  const seen: number[] = []
  onBatch = async (signal) => {
    // The hits of the first batches are there before the search ends.
    services.clock.advance(1000)
    if (seen.length === 1) await cancelJob(services.contextFor('operator'), jobId)
    seen.push((await listHits(viewer(), { searchId })).total)
    if (seen.length > 1) await untilAborted(signal)
  }
  await workOffJobs(services)
  onBatch = null
  const view = await getSearch(viewer(), searchId)
  expect(view).toMatchObject({ state: 'cancelled', summary: null })
  const kept = await listHits(viewer(), { searchId })
  expect(kept.total).toBeGreaterThan(0)
  expect(kept.total).toBeLessThan(3000)

  await retryJob(services.contextFor('operator'), jobId)
  await workOffJobs(services)
  expect(await getSearch(viewer(), searchId)).toMatchObject({ state: 'ready', summary: { hits: 3000 } })
  expect((await listHits(viewer(), { searchId })).total).toBe(3000)
})

/** The worker sees the wish to cancel with its next beat. */
function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
