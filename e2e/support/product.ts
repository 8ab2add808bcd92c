import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../lib/testing/zookeeper-server.ts'

/** The product as a person starts it: `npm start` or `npm run demo`, in a data directory of its own, on a free port. */
export interface Product {
  readonly url: string
  readonly dataDir: string
  /** Only of the demo. */
  readonly signIn: { readonly email: string; readonly password: string } | null
  readonly clusterConnectString: string | null
  /** Of the process that supervises web, worker and the demo's ZooKeeper. */
  readonly pid: number
  output(): string
  stop(): Promise<void>
}

const RUN = fileURLToPath(new URL('../../bin/run.mjs', import.meta.url))
const START_TIMEOUT_MS = 300_000
const STOP_TIMEOUT_MS = 30_000

/** `configure` gives the configuration file of a product that will answer at that address; `more` of the environment wins over what is set here. */
export async function startProduct(
  mode: 'start' | 'demo',
  configure?: (url: string) => Promise<unknown>,
  more: Readonly<Record<string, string>> = {},
): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-e2e-'))
  const [port, zooKeeperPort] = [await findFreePort(), await findFreePort()]
  const config = await configure?.(`http://127.0.0.1:${port}`)
  if (config !== undefined) await writeFile(join(dataDir, 'arkeeper.json'), JSON.stringify(config))
  const child = spawn(process.execPath, [RUN, mode], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      ARKEEPER_DATA_DIR: dataDir,
      ARKEEPER_DEMO_ZK_PORT: String(zooKeeperPort),
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  try {
    const url = await waitForLine(
      child,
      () => /^ready: (http:\S+)$/m.exec(output)?.[1],
      () => output,
    )
    const signIn = /^demo sign-in: (\S+) (\S+)$/m.exec(output)
    return {
      url,
      dataDir,
      signIn: signIn?.[1] && signIn[2] ? { email: signIn[1], password: signIn[2] } : null,
      clusterConnectString: mode === 'demo' ? `127.0.0.1:${zooKeeperPort}` : null,
      pid: child.pid ?? -1,
      output: () => output,
      stop: async () => {
        await stopChild(child)
        await rm(dataDir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await stopChild(child)
    throw error
  }
}

function waitForLine(child: ChildProcess, find: () => string | undefined, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not ready after ${START_TIMEOUT_MS} ms:\n${output()}`)),
      START_TIMEOUT_MS,
    )
    const look = () => {
      const found = find()
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    }
    child.stdout?.on('data', look)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code} before it was ready:\n${output()}`))
    })
    look()
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}
