import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Member } from '../adapters/members/members.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import {
  classpathOf,
  findClasspath,
  findFreePort,
  SERVER_PROPERTIES,
  ZooKeeperServerError,
} from './zookeeper-server.ts'

const run = promisify(execFile)
const SERVING_TIMEOUT_MS = 60_000
const GONE_TIMEOUT_MS = 60_000

/** A server that commands start and stop, as a service manager would: it outlives them, and its directory stays. */
export interface ControlledServer {
  readonly member: Member
  readonly connectString: string
  /** Null when it does not run. */
  pid(): number | null
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ControlledServers {
  readonly servers: readonly ControlledServer[]
  readonly members: readonly Member[]
  readonly connectString: string
  readonly dir: string
  startAll(): Promise<void>
  stopAll(): Promise<void>
  /** Ends every server and removes their directories. */
  remove(): Promise<void>
}

export interface ControlledOptions {
  /** Name of the cluster that the members belong to. */
  readonly cluster: string
  /** 1: standalone. */
  readonly size: number
  readonly separateLogs?: boolean
  readonly config?: Readonly<Record<string, string>>
  /** With an AdminServer on a free port of each. */
  readonly adminServers?: boolean
  /** Of ZooKeeper, from the cache that `npm run zookeepers` fills; the installed one by default. */
  readonly version?: string
}

export async function createControlledServers(options: ControlledOptions): Promise<ControlledServers> {
  const dir = await mkdtemp(join(tmpdir(), 'arkeeper-controlled-'))
  const classpath = options.version === undefined ? await findClasspath() : await classpathOf(options.version)
  const ports = await Promise.all(
    Array.from({ length: options.size }, () => Promise.all([findFreePort(), findFreePort(), findFreePort()])),
  )
  const quorum =
    options.size === 1 ? {} : Object.fromEntries(ports.map(([, a, b], i) => [`server.${i + 1}`, `127.0.0.1:${a}:${b}`]))
  const servers: ControlledServer[] = []
  for (const [i, [port]] of ports.entries()) {
    const home = join(dir, `zk${i + 1}`)
    const dataDir = join(home, 'data')
    const dataLogDir = options.separateLogs ? join(home, 'logs') : dataDir
    await mkdir(dataDir, { recursive: true })
    await mkdir(dataLogDir, { recursive: true })
    const adminPort = options.adminServers ? await findFreePort() : null
    const config = {
      tickTime: '2000',
      initLimit: '10',
      syncLimit: '5',
      maxClientCnxns: '0',
      'admin.enableServer': 'false',
      '4lw.commands.whitelist': '*',
      ...quorum,
      ...(adminPort === null
        ? {}
        : { 'admin.enableServer': 'true', 'admin.serverPort': String(adminPort), 'admin.serverAddress': '127.0.0.1' }),
      ...options.config,
      dataDir,
      dataLogDir,
      clientPort: String(port),
      clientPortAddress: '127.0.0.1',
    }
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(join(home, 'zoo.cfg'), lines.join(''))
    if (options.size > 1) await writeFile(join(dataDir, 'myid'), String(i + 1))
    await writeFile(join(home, 'start.mjs'), startScript(home, classpath))
    await writeFile(join(home, 'stop.mjs'), stopScript(home))
    servers.push(controlled(options.cluster, { name: `zk${i + 1}`, home, dataDir, dataLogDir, port, adminPort }))
  }
  const killAll = () => {
    for (const server of servers) {
      const pid = server.pid()
      if (pid !== null) process.kill(pid, 'SIGKILL')
    }
  }
  // The tests of a run that is cut short must not leave servers behind.
  process.once('exit', killAll)
  const stopAll = async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  return {
    servers,
    members: servers.map(({ member }) => member),
    connectString: servers.map((server) => server.connectString).join(','),
    dir,
    startAll: async () => {
      await Promise.all(servers.map((server) => server.start()))
    },
    stopAll,
    remove: async () => {
      await stopAll()
      process.removeListener('exit', killAll)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

interface Place {
  readonly name: string
  readonly home: string
  readonly dataDir: string
  readonly dataLogDir: string
  readonly port: number
  readonly adminPort: number | null
}

function controlled(cluster: string, { name, home, dataDir, dataLogDir, port, adminPort }: Place): ControlledServer {
  const connectString = `127.0.0.1:${port}`
  const start = [process.execPath, join(home, 'start.mjs')]
  const stop = [process.execPath, join(home, 'stop.mjs')]
  const member = {
    cluster,
    name,
    dataDir,
    dataLogDir,
    client: connectString,
    adminUrl: adminPort === null ? null : `http://127.0.0.1:${adminPort}`,
    stop,
    start,
    owner: null,
  }
  const pid = () => livePid(join(home, 'pid'))
  return {
    member,
    connectString,
    pid,
    start: async () => {
      if (pid() === null) await run(process.execPath, start.slice(1))
      await untilServing(connectString)
    },
    stop: async () => {
      await run(process.execPath, stop.slice(1))
      for (let waitedMs = 0; pid() !== null; waitedMs += 50) {
        if (waitedMs >= GONE_TIMEOUT_MS) throw new ZooKeeperServerError('NOT_STARTED', `${name} does not stop`)
        await delay(50)
      }
    },
  }
}

function livePid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    process.kill(pid, 0)
    // A process that has ended and waits to be reaped by whoever adopted it runs no more.
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? null : pid
  } catch (_notThere) {
    return null
  }
}

async function untilServing(connectString: string): Promise<void> {
  const zookeeper = createZooKeeper()
  const deadline = Date.now() + SERVING_TIMEOUT_MS
  while (Date.now() < deadline) {
    const [answer] = await zookeeper.serverStatus({ connectString })
    if (answer?.status?.mode) return
    await delay(100)
  }
  throw new ZooKeeperServerError('NOT_STARTED', `${connectString} does not serve within ${SERVING_TIMEOUT_MS} ms`)
}

function startScript(home: string, classpath: string): string {
  const args = [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    ...Object.entries(SERVER_PROPERTIES).map(([name, value]) => `-D${name}=${value}`),
    '-cp',
    classpath,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    join(home, 'zoo.cfg'),
  ]
  return `import { spawn } from 'node:child_process'
import { openSync, writeFileSync } from 'node:fs'
const out = openSync(${JSON.stringify(join(home, 'log.txt'))}, 'a')
const child = spawn('java', ${JSON.stringify(args)}, { cwd: ${JSON.stringify(home)}, detached: true, stdio: ['ignore', out, out] })
writeFileSync(${JSON.stringify(join(home, 'pid'))}, String(child.pid))
child.unref()
`
}

/** Signals and returns at once: that the process is gone is for others to see. */
function stopScript(home: string): string {
  return `import { readFileSync } from 'node:fs'
try {
  process.kill(Number(readFileSync(${JSON.stringify(join(home, 'pid'))}, 'utf8')), 'SIGTERM')
} catch (error) {
  if (error.code !== 'ESRCH' && error.code !== 'ENOENT') throw error
}
`
}
