import { mkdir } from 'node:fs/promises'
import { expect, it, vi } from 'vitest'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { createTestServices } from '../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../testing/work-off-jobs.ts'
import { startZooKeeper } from '../testing/zookeeper-server.ts'
import { setAlertChannel, testAlertChannel } from './alerts/channels.ts'
import { startBackup } from './backups/start-backup.ts'
import { addCluster } from './clusters/add-cluster.ts'
import { armCluster } from './clusters/arm-cluster.ts'
import { getClusterStatus } from './clusters/get-cluster-status.ts'
import { setAdminServers } from './clusters/set-admin-servers.ts'
import { testAdminServers } from './clusters/test-admin-servers.ts'
import { proveKey } from './encryption/prove-key.ts'
import { unlock } from './encryption/unlock.ts'
import { HealthRounds } from './health/run-due-health.ts'
import { createToken } from './tokens/create-token.ts'
import { findTokenActor } from './tokens/find-token-actor.ts'
import { setZnodeData } from './tree/set-znode-data.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Each is found wherever it is written as it is. */
const PLANTED = 'Zq7planted'
/** Nobody listens there. */
const CLOSED = 'http://127.0.0.1:1'

it('what fails with secrets in its hands leaves none of them in the log', async () => {
  const server = await startZooKeeper()
  await using services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  const context = services.contextFor('admin')
  await addTestPeople(services)
  await mkdir(context.paths.storeDir, { recursive: true })
  let failures = 0
  /** As the edge of the product does with what it did not expect, and more carelessly: with all that it was given. */
  const failing = async <Input extends object>(input: Input, work: (input: Input) => Promise<unknown>) => {
    try {
      await work(input)
    } catch (error) {
      failures++
      context.log.error({ err: error, request: { input } }, 'An unexpected error ended a request')
    }
  }
  const plant = (what: string) => `${PLANTED}-${what}`
  try {
    const { id: clusterId } = await addCluster(context, {
      name: 'Orders',
      connectString: server.connectString,
      auth: { kind: 'digest', username: 'app', password: plant('digest') },
    })
    await setAdminServers(context, {
      clusterId,
      urls: [CLOSED],
      auth: { kind: 'digest', username: 'admin', password: plant('admin') },
    })
    await armCluster(context, { clusterId, minutes: 15, reason: 'a test' })
    const data = Buffer.from(plant('value')).toString('base64')
    const edit = { clusterId, path: '/no-such-znode', data, expectedVersion: 3, expectedCzxid: '0x1' }
    await failing(edit, (input) => setZnodeData(context, input))
    await testAdminServers(context, clusterId)
    await startBackup(context, { clusterId, source: 'admin', note: 'with credentials' })
    await workOffJobs(services)

    const hook = { kind: 'webhook', url: `${CLOSED}/${plant('hook')}`, signingSecret: plant('signing') } as const
    const mail = { kind: 'email', host: '127.0.0.1', port: 1, user: 'me', password: plant('smtp') } as const
    for (const [name, channel] of [
      ['hook', hook],
      ['mail', { ...mail, security: 'tls', from: 'a@example.org', to: 'b@example.org' }],
    ] as const) {
      const { channelId } = await setAlertChannel(context, { name, allowLocal: true, ...channel })
      await failing({ channelId, signingSecret: plant('signing') }, (input) => testAlertChannel(context, input))
    }

    const identity = `AGE-SECRET-KEY-1${PLANTED.toUpperCase()}`
    await failing({ clusterId, identity }, (input) => unlock(context, input))
    await failing({ clusterId, recipientId: 'none', identity: plant('identity') }, (input) => proveKey(context, input))
    const { token } = await createToken(context, { name: 'night', hours: 1, scopes: ['read'], clusterIds: null })
    await failing([`${token.slice(0, -2)}zz`], ([text]) => findTokenActor(context, text ?? '', null))

    await server.stop()
    await getClusterStatus(context, clusterId)
    await new HealthRounds('w1').runDue(context)
    await startBackup(context, { clusterId })
    await workOffJobs(services)

    const log = services.logLines.join('')
    expect(failures).toBeGreaterThan(4)
    expect(log).toContain('A job failed')
    // The jobs' lines say which job they are of, without anybody having written it there.
    const ofJobs = services.logLines.filter((line) => line.includes('"jobId"')).map((line) => JSON.parse(line))
    expect(ofJobs.find(({ msg }) => msg === 'A job failed')).toMatchObject({ kind: 'backup', attempt: 1 })
    expect(log.toLowerCase()).not.toContain(PLANTED.toLowerCase())
    expect(log).not.toContain(Buffer.from(plant('value')).toString('base64'))
    expect(log).not.toContain(token.slice(0, 20))
  } finally {
    await server.stop()
  }
})
