import { type ChildProcess, spawn } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ArkeeperError } from '../base/errors.ts'
import zookeeperVersions from './zookeeper-versions.json' with { type: 'json' }

/** Jars of Debian's packages `zookeeper`, `libzookeeper-java` and what they pull in; ARKEEPER_ZOOKEEPER_CLASSPATH overrides them. */
// The servlet API is for the AdminServer; the class path inside zookeeper.jar forgets it.
// … and two parts of Netty without which no TLS port can be opened.
const DEBIAN_CLASSPATH = ['zookeeper', 'slf4j-simple', 'servlet-api', 'netty-codec', 'netty-resolver'].map(
  (name) => `/usr/share/java/${name}.jar`,
)
/** Filled by bin/internal/zookeepers.mjs: one folder of jars a version. */
const CACHE_DIR = resolve('.toolchain/zookeeper')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000

/** JVM system properties of every server of the tests. */
export const SERVER_PROPERTIES: Readonly<Record<string, string>> = {
  'zookeeper.extendedTypesEnabled': 'true',
  'org.slf4j.simpleLogger.defaultLogLevel': 'warn',
  // The digest hashes paths in the JVM's default charset: under LANG=C and Java 17 that would be ASCII with question marks.
  'file.encoding': 'UTF-8',
  // A server that is killed loses nothing that it has written, synced or not; how slow the disk of the machine is must not matter.
  'zookeeper.forceSync': 'no',
  // On a busy machine members miss each other's first votes, and would repeat theirs after up to a minute only.
  'zookeeper.fastleader.maxNotificationInterval': '1000',
  'zookeeper.electionPortBindRetry': '30',
}

export class ZooKeeperServerError extends ArkeeperError<'NOT_INSTALLED' | 'NOT_STARTED'> {
  static override readonly family: string = 'zookeeper-server'
}

export interface StartZooKeeperOptions {
  /** Kept after stop when given; otherwise a temporary directory that stop removes. */
  readonly dataDir?: string
  readonly clientPort?: number
  /** JVM system properties: `zookeeper.extendedTypesEnabled`, `jute.maxbuffer`, … */
  readonly javaProperties?: Readonly<Record<string, string>>
  /** Largest heap of the server, MiB. Default 256, enough for a hundred thousand small znodes. */
  readonly heapMegabytes?: number
  /** How long it may take until it serves; a large tree takes its time. Default 60 s. */
  readonly startTimeoutMs?: number
  /** A server of this version from the cache that `npm run zookeepers` fills. Default: the installed one. */
  readonly version?: string
  /** Lines of zoo.cfg, over the defaults below. */
  readonly config?: Readonly<Record<string, string>>
}

export interface ZooKeeperServer {
  readonly host: string
  readonly port: number
  readonly connectString: string
  readonly dataDir: string
  readonly pid: number
  /** What the server has printed so far; for the message of a failed test. */
  log(): string
  /** Any signal, for example SIGSTOP and SIGCONT. Does not wait. */
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL after ten seconds; resolves when the process is gone and a temporary data directory removed. Safe to call twice. */
  stop(): Promise<void>
}

/** A real standalone server of the installed ZooKeeper on 127.0.0.1; resolves when it serves. */
export async function startZooKeeper(options: StartZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  const port = options.clientPort ?? (await findFreePort())
  return launch(port, {}, options)
}

export interface ZooKeeperEnsemble {
  readonly servers: readonly ZooKeeperServer[]
  readonly connectString: string
  /** Quorum port of each server, in the order of `servers`; only the leader listens on its own. */
  readonly quorumPorts: readonly number[]
  /** Ports on which followers let observers in (3.6+), in the order of `servers`; none unless they were asked for. */
  readonly observerMasterPorts: readonly number[]
  stop(): Promise<void>
}

export interface StartEnsembleOptions extends Omit<StartZooKeeperOptions, 'dataDir' | 'clientPort'> {
  /** Each member that follows lets observers in, too. */
  readonly observerMasters?: boolean
}

/** `size` voters on 127.0.0.1; resolves when every one of them serves. */
export async function startEnsemble(size: number, options: StartEnsembleOptions = {}): Promise<ZooKeeperEnsemble> {
  const ports: { client: number; quorum: number; election: number; observerMaster: number | null }[] = []
  for (let i = 0; i < size; i++) {
    const observerMaster = options.observerMasters ? await findFreePort() : null
    const [client, quorum, election] = [await findFreePort(), await findFreePort(), await findFreePort()]
    ports.push({ client, quorum, election, observerMaster })
  }
  const members = Object.fromEntries(
    ports.map((port, i) => [`server.${i + 1}`, `127.0.0.1:${port.quorum}:${port.election}`]),
  )
  const started = await Promise.allSettled(
    ports.map(({ client, observerMaster }, i) => {
      const own: Record<string, string> = observerMaster === null ? {} : { observerMasterPort: String(observerMaster) }
      return launch(client, { initLimit: '10', syncLimit: '5', ...members, ...own }, options, String(i + 1))
    }),
  )
  const servers = started.filter((result) => result.status === 'fulfilled').map((result) => result.value)
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const failed = started.find((result) => result.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const connectString = servers.map((server) => server.connectString).join(',')
  const observerMasterPorts = ports.flatMap(({ observerMaster }) => observerMaster ?? [])
  return { servers, connectString, quorumPorts: ports.map(({ quorum }) => quorum), observerMasterPorts, stop }
}

async function launch(
  port: number,
  extraConfig: Readonly<Record<string, string>>,
  options: StartZooKeeperOptions,
  myId?: string,
): Promise<ZooKeeperServer> {
  const classpath = options.version === undefined ? await findClasspath() : await classpathOf(options.version)
  const isTemporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'arkeeper-zk-')))
  await mkdir(dataDir, { recursive: true })
  const config: Record<string, string> = {
    tickTime: '2000',
    maxClientCnxns: '0',
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    ...extraConfig,
    ...options.config,
    dataDir,
    clientPort: String(port),
    clientPortAddress: '127.0.0.1',
  }
  const configFile = join(dataDir, 'zoo.cfg')
  await writeFile(
    configFile,
    Object.entries(config)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  if (myId !== undefined) await writeFile(join(dataDir, 'myid'), myId)

  const properties = { ...SERVER_PROPERTIES, ...options.javaProperties }
  const child = spawn(
    'java',
    [
      `-Xmx${options.heapMegabytes ?? 256}m`,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      '-cp',
      classpath,
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      configFile,
    ],
    { cwd: dataDir, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  // The tests of a run that is cut short must not leave servers behind.
  const killOnExit = () => child.kill('SIGKILL')
  process.once('exit', killOnExit)

  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-20_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)

  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const cleanUp = async () => {
    process.removeListener('exit', killOnExit)
    await endProcess(child, ended)
    if (isTemporary) await rm(dataDir, { recursive: true, force: true })
  }

  try {
    await waitUntilServing(child, port, dataDir, options.startTimeoutMs ?? START_TIMEOUT_MS)
  } catch (error) {
    await cleanUp()
    throw new ZooKeeperServerError('NOT_STARTED', `ZooKeeper did not start on 127.0.0.1:${port}: ${lastLine(output)}`, {
      cause: error,
      details: { output },
    })
  }

  let stopped: Promise<void> | null = null
  return {
    host: '127.0.0.1',
    port,
    connectString: `127.0.0.1:${port}`,
    dataDir,
    pid: child.pid ?? -1,
    log: () => output,
    kill: (signal) => {
      child.kill(signal)
    },
    stop: () => {
      stopped ??= cleanUp()
      return stopped
    },
  }
}

/** Versions of ZooKeeper that `npm run zookeepers` has fetched into the cache, of those that it fetches. */
export function findCachedVersions(): { version: string; cached: boolean }[] {
  return zookeeperVersions.map((version) => ({ version, cached: existsSync(join(CACHE_DIR, version)) }))
}

/** Class path of a server in the cache. */
export async function classpathOf(version: string): Promise<string> {
  const dir = join(CACHE_DIR, version)
  try {
    const jars = (await readdir(dir)).filter((name) => name.endsWith('.jar'))
    return jars.map((name) => join(dir, name)).join(delimiter)
  } catch (error) {
    throw new ZooKeeperServerError('NOT_INSTALLED', `ZooKeeper ${version} is not in ${CACHE_DIR}`, {
      remedy: 'run `npm run zookeepers`',
      cause: error,
    })
  }
}

/** For programs of the installed ZooKeeper. */
export async function findClasspath(): Promise<string> {
  const override = process.env.ARKEEPER_ZOOKEEPER_CLASSPATH
  if (override) return override
  for (const jar of DEBIAN_CLASSPATH) {
    if (!(await isReadable(jar))) {
      throw new ZooKeeperServerError('NOT_INSTALLED', `${jar} is missing: no ZooKeeper server is installed here`, {
        remedy:
          "install Debian's packages with `apt-get install zookeeper libslf4j-java libservlet-api-java`, or set ARKEEPER_ZOOKEEPER_CLASSPATH",
      })
    }
  }
  return DEBIAN_CLASSPATH.join(delimiter)
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK)
    return true
  } catch (_notThere) {
    return false
  }
}

async function waitUntilServing(child: ChildProcess, port: number, dataDir: string, timeoutMs: number): Promise<void> {
  let failure: Error | null = null
  child.once('error', (error: NodeJS.ErrnoException) => {
    failure =
      error.code === 'ENOENT'
        ? new ZooKeeperServerError('NOT_INSTALLED', 'java is missing: no ZooKeeper server can be run here', {
            remedy: "install Debian's packages with `apt-get install zookeeper default-jre-headless`",
            cause: error,
          })
        : error
  })
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    if (failure) throw failure
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`java exited with ${child.exitCode}`)
    // A mode means that a leader is known and requests are served; `ruok` alone comes earlier in an ensemble.
    if ((await askFourLetterWord(port, 'srvr')).includes('Mode:')) {
      // Of a server that is still there from before, this one would only say later that the port is taken.
      if ((await askFourLetterWord(port, 'conf')).includes(dataDir)) return
      throw new Error('another server answers there')
    }
    await delay(50)
  }
  throw new Error(`no answer within ${timeoutMs} ms`)
}

/** The answer to a four-letter word, or an empty string when there is none within a second. */
function askFourLetterWord(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let answer = ''
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(answer))
  })
}

async function endProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.pid === undefined) return
  if (child.exitCode === null && child.signalCode === null) {
    // A stopped process (SIGSTOP) would not see the SIGTERM.
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? 'it printed nothing'
}

/**
 * Below the range that the kernel takes ports for outgoing connections and for servers without a wish from: there a port that was
 * free a moment ago may be anybody's, and a client that waits for a server there may even meet itself.
 */
const PORTS_FROM = 20_000
const PORTS_PER_PROCESS = 100
const PROCESSES = 120
let block: Promise<Server> | null = null
let given = 0

/** A port of 127.0.0.1 that is free and that no other process of the tests is given: the preferred one if it is free. */
export async function findFreePort(preferred = 0): Promise<number> {
  if (preferred !== 0 && (await isFree(preferred))) return preferred
  block ??= claimBlock()
  const first = portOf(await block)
  for (let tries = 1; tries < PORTS_PER_PROCESS; tries++) {
    const port = first + 1 + (given++ % (PORTS_PER_PROCESS - 1))
    if (await isFree(port)) return port
  }
  throw new ZooKeeperServerError('NOT_STARTED', `none of ${PORTS_PER_PROCESS} ports from 127.0.0.1:${first} on is free`)
}

/**
 * A block of ports is this process's for as long as it listens on the first of them. Seconds pass between the moment a port is found
 * free and the one its server listens, and a server that was stopped comes back to its port: meanwhile nobody else may have it.
 */
async function claimBlock(): Promise<Server> {
  for (let i = 0; i < PROCESSES; i++) {
    const claim = await listenOn(PORTS_FROM + ((process.pid + i) % PROCESSES) * PORTS_PER_PROCESS)
    if (claim) return claim.unref()
  }
  throw new ZooKeeperServerError('NOT_STARTED', `all ${PROCESSES} blocks of ports from ${PORTS_FROM} on are taken`)
}

function portOf(server: Server): number {
  const address = server.address()
  return address && typeof address === 'object' ? address.port : 0
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port)
  if (!server) return false
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  return true
}

/** Null when the port is taken. */
function listenOn(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
