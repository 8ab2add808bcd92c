import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { getRuntime } from '../../runtime/runtime.ts'
import { findFreePort, startZooKeeper } from '../zookeeper-server.ts'
import { registerDemo } from './register-demo.ts'
import { SAMPLE_CREDENTIALS } from './sample-tree.ts'
import { holdEphemeralSamples, seedPersistentSamples } from './seed-samples.ts'

/** What the demo remembers between runs, beside the database; mode 0600 because of the password. */
interface DemoState {
  email: string
  password: string
  seeded: boolean
  /** Of the server's AdminServer: the same from run to run while it is free, because the catalog names it. */
  adminPort?: number
}

async function main(): Promise<void> {
  const runtime = await getRuntime()
  const dataDir = runtime.env.dataDir
  const stateFile = join(dataDir, 'demo.json')
  const state = await readState(stateFile)
  const port = process.env.ARKEEPER_DEMO_ZK_PORT
  const adminPort = await findFreePort(state.adminPort)
  if (adminPort !== state.adminPort) {
    state.adminPort = adminPort
    await writeState(stateFile, state)
  }
  const server = await startZooKeeper({
    dataDir: join(dataDir, 'zookeeper'),
    config: {
      'admin.enableServer': 'true',
      'admin.serverAddress': '127.0.0.1',
      'admin.serverPort': String(adminPort),
      // As one would run it: the page of its health names what is dangerous.
      '4lw.commands.whitelist': 'conf, cons, dump, hash, mntr, ruok, srvr, stat, wchc, wchp, wchs',
      maxClientCnxns: '200',
    },
    javaProperties: { 'zookeeper.forceSync': 'yes' },
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
    await registerDemo(runtime, { ...state, server, adminUrl: `http://127.0.0.1:${adminPort}` })
  } catch (error) {
    process.stderr.write(`demo: ${formatErrorLine(error)}\n`)
    return stop(1)
  }
  process.stdout.write(`demo cluster: ${server.connectString}\n`)
  process.stdout.write(`demo sign-in: ${state.email} ${state.password}\n`)
  process.stdout.write('demo ready\n')
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
