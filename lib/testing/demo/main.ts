import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { getRuntime, type Runtime } from '../../runtime/runtime.ts'
import { addCluster } from '../../services/clusters/add-cluster.ts'
import { listClusters } from '../../services/clusters/list-clusters.ts'
import type { ServiceContext } from '../../services/context.ts'
import { createFirstAdministrator } from '../../services/people/create-first-administrator.ts'
import { hasAdministrator } from '../../services/people/has-administrator.ts'
import { startZooKeeper } from '../zookeeper-server.ts'
import { SAMPLE_CREDENTIALS } from './sample-tree.ts'
import { holdEphemeralSamples, seedPersistentSamples } from './seed-samples.ts'

/** What the demo remembers between runs, beside the database; mode 0600 because of the password. */
interface DemoState {
  email: string
  password: string
  seeded: boolean
}

const CLUSTER_NAME = 'demo'

async function main(): Promise<void> {
  const runtime = await getRuntime()
  const dataDir = runtime.env.dataDir
  const stateFile = join(dataDir, 'demo.json')
  const state = await readState(stateFile)
  const port = process.env.ARKEEPER_DEMO_ZK_PORT
  const server = await startZooKeeper({
    dataDir: join(dataDir, 'zookeeper'),
    ...(port ? { clientPort: Number(port) } : {}),
  })

  // The server is a child of ours from here on: whatever happens, it is stopped before this process ends.
  let connection: ClusterConnection | null = null
  const stop = stopOnce(async () => {
    await connection?.close()
    await server.stop()
    await runtime.close()
  })
  process.once('SIGINT', () => stop(0))
  process.once('SIGTERM', () => stop(0))
  try {
    const { scheme, username, password } = SAMPLE_CREDENTIALS
    connection = await createZooKeeper().connect({
      connectString: server.connectString,
      auth: [{ scheme, id: `${username}:${password}` }],
    })
    if (!state.seeded) {
      await seedPersistentSamples(connection)
      state.seeded = true
      await writeState(stateFile, state)
    }
    await holdEphemeralSamples(connection)
    await registerDemo(runtime, state, server.connectString)
  } catch (error) {
    process.stderr.write(`demo: ${formatErrorLine(error)}\n`)
    return stop(1)
  }
  process.stdout.write(`demo cluster: ${server.connectString}\n`)
  process.stdout.write(`demo sign-in: ${state.email} ${state.password}\n`)
  process.stdout.write('demo ready\n')
}

async function registerDemo(runtime: Runtime, state: DemoState, connectString: string): Promise<void> {
  const context: ServiceContext = runtime.contextFor({ kind: 'system', id: null, name: 'demo', role: 'admin' })
  if (!(await hasAdministrator(context))) {
    await createFirstAdministrator(context, {
      name: 'Demo administrator',
      email: state.email,
      password: state.password,
    })
  }
  const clusters = await listClusters(context)
  if (clusters.some((cluster) => cluster.name === CLUSTER_NAME)) return
  await addCluster(context, {
    name: CLUSTER_NAME,
    connectString,
    environment: 'development',
    sessionTimeoutMs: 30_000,
    note: 'Sample data that looks like Kafka, Solr and a home-made service. Break it.',
    auth: { kind: 'digest', username: SAMPLE_CREDENTIALS.username, password: SAMPLE_CREDENTIALS.password },
  })
}

async function readState(file: string): Promise<DemoState> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const fresh: DemoState = {
      email: 'demo@arkeeper.example',
      password: randomBytes(12).toString('base64url'),
      seeded: false,
    }
    await writeState(file, fresh)
    return fresh
  }
}

async function writeState(file: string, state: DemoState): Promise<void> {
  await writeFile(file, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
}

function stopOnce(work: () => Promise<void>): (exitCode: number) => void {
  let stopping = false
  return (exitCode) => {
    if (stopping) return
    stopping = true
    work().then(
      () => process.exit(exitCode),
      (error) => {
        process.stderr.write(`${formatErrorLine(error)}\n`)
        process.exit(1)
      },
    )
  }
}

main().catch((error) => {
  process.stderr.write(`demo: ${formatErrorLine(error)}\n`)
  process.exit(1)
})
