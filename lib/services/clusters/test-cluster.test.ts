import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectionStep, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import type { Role } from '../context.ts'
import { addCluster } from './add-cluster.ts'
import { setAdminServers } from './set-admin-servers.ts'
import { type TestClusterInput, testCluster } from './test-cluster.ts'
import { updateCluster } from './update-cluster.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const STORED = 'zk.example:2181'
const ELSEWHERE = '169.254.169.254:80'
let services: TestServices
let clusterId: string
/** Where a connection was asked for. */
let asked: string[]

beforeEach(async () => {
  asked = []
  services = await createTestServices({ zookeeper: recorder() })
  const added = await addCluster(services.contextFor('admin'), { name: 'orders', connectString: STORED })
  clusterId = added.id
})
afterEach(() => services.close())

/** Connects nowhere, and says so. */
function recorder(): ZooKeeperPort {
  const refuse = () => {
    throw new Error('this test connects nowhere')
  }
  return {
    connect: refuse,
    async *testConnection({ connectString }): AsyncGenerator<ConnectionStep> {
      asked.push(connectString)
      yield* []
    },
  } satisfies Partial<ZooKeeperPort> as unknown as ZooKeeperPort
}

async function tryOut(role: Role, request: TestClusterInput): Promise<void> {
  for await (const _ of testCluster(services.contextFor(role), request));
}

const unsaved = { name: 'orders', connectString: ELSEWHERE, auth: { kind: 'keep' as const } }

describe('the server connects', () => {
  test('to an address that nobody has saved only for an administrator', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      for (const request of [{ input: unsaved }, { clusterId, input: unsaved }]) {
        await expect(tryOut(role, request), role).rejects.toMatchObject({ code: 'FORBIDDEN' })
      }
    }
    expect(asked).toEqual([])
    await tryOut('admin', { clusterId, input: unsaved })
    expect(asked).toEqual([ELSEWHERE])
  })

  test('to a stored address for an operator, and for a viewer not at all', async () => {
    await expect(tryOut('viewer', { clusterId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await tryOut('operator', { clusterId })
    expect(asked).toEqual([STORED])
  })

  test('where an administrator has said: nobody else stores an address', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      const context = services.contextFor(role)
      const refused = [
        () => addCluster(context, { name: 'mine', connectString: ELSEWHERE }),
        () => updateCluster(context, { clusterId, ...unsaved }),
        () => setAdminServers(context, { clusterId, urls: [`http://${ELSEWHERE}`] }),
      ]
      for (const attempt of refused) await expect(attempt(), role).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    expect(await services.database.client.cluster.findMany({ select: { connectString: true } })).toEqual([
      { connectString: STORED },
    ])
    expect(asked).toEqual([])
  })

  test('to a stored cluster only, whoever asks: an identifier is no address', async () => {
    for (const id of [ELSEWHERE, 'http://evil.example', '../x', '']) {
      await expect(tryOut('admin', { clusterId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(asked).toEqual([])
  })
})
