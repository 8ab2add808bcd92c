import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { statfs, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { CancelledError, throwIfAborted } from '../../base/errors.ts'
import { makeDir } from '../../base/make-dir.ts'
import { ScratchError } from './errors.ts'
import { askWord, findFreePort } from './internal/ask-port.ts'
import { findInstallation, type Installation } from './internal/find-installation.ts'
import { JavaProcess } from './internal/java-process.ts'
import { readDrillConfig } from './internal/read-drill-config.ts'
import { makeScratchFolder, notePid, removeScratchFolder, sweepScratchFolders } from './internal/scratch-folder.ts'
import type { ScratchPort, ScratchServer, ScratchSettings, StartScratchInput } from './scratch-server.ts'

const PORT_ATTEMPTS_MAX = 5
const POLL_MS = 50
/** Sessions end at multiples of the tick only, so that those of the snapshot keep their ephemerals for as long as anybody looks. */
const TICK_MS = 2_000_000_000
const NEVER_MS = 2_000_000_000
const HEAP_MEGABYTES_MIN = 128
const HEAP_MEGABYTES_MAX = 8_192

/** Scratch servers of the Java and the jars that this host has; what `configFile` says stands above the environment. */
export function createScratch(settings: ScratchSettings, configFile?: string): ScratchPort {
  return {
    findFault: async () => {
      try {
        const finding = await findInstallation(await withConfig(settings, configFile))
        return finding.kind === 'missing' ? finding.fault : null
      } catch (error) {
        if (error instanceof ScratchError) return error.message
        throw error
      }
    },
    freeBytes: async (dir) => {
      await makeDir(dir, 0o700)
      const { bavail, bsize } = await statfs(dir)
      return bavail * bsize
    },
    start: async (input) => start(await withConfig(settings, configFile), input),
    sweep: sweepScratchFolders,
  }
}

async function withConfig(settings: ScratchSettings, configFile: string | undefined): Promise<ScratchSettings> {
  if (configFile === undefined) return settings
  const { zookeeperHome, javaHome } = await readDrillConfig(configFile)
  return {
    ...settings,
    ...(javaHome === undefined ? {} : { javaHome }),
    ...(zookeeperHome === undefined ? {} : { zookeeperHome, classpath: null }),
  }
}

async function start(settings: ScratchSettings, input: StartScratchInput): Promise<ScratchServer> {
  const finding = await findInstallation(settings)
  if (finding.kind === 'missing') {
    throw new ScratchError('SCRATCH_NOT_AVAILABLE', `No scratch server can be started here: ${finding.fault}`, {
      unaffected: 'the backup and the cluster are as they were',
    })
  }
  const dir = await makeScratchFolder(input.parentDir)
  try {
    await placeFiles(dir, input)
    for (let attempt = 1; ; attempt++) {
      const server = await launch(dir, settings, finding.installation, input)
      if (server !== 'port-taken') return server
      if (attempt === PORT_ATTEMPTS_MAX) {
        throw new ScratchError('SCRATCH_NOT_STARTED', `No free port was found in ${attempt} attempts`)
      }
    }
  } catch (error) {
    await removeScratchFolder(dir)
    throw input.signal?.aborted ? new CancelledError(undefined, { cause: error }) : error
  }
}

async function placeFiles(dir: string, { snapshot, signal }: StartScratchInput): Promise<void> {
  await makeDir(join(dir, 'version-2'), 0o700)
  // Without these, the loggers of some distributions say everything or nothing; the digest is told at level info.
  await writeFile(join(dir, 'logback.xml'), LOGBACK)
  await writeFile(join(dir, 'log4j.properties'), LOG4J)
  if (snapshot === null) return
  const file = createWriteStream(join(dir, 'version-2', snapshot.name), { mode: 0o600 })
  await pipeline(Readable.from(snapshot.body()), file, { signal })
}

async function launch(
  dir: string,
  settings: ScratchSettings,
  { java, classpath }: Installation,
  input: StartScratchInput,
): Promise<ScratchServer | 'port-taken'> {
  throwIfAborted(input.signal)
  const port = await findFreePort()
  await writeFile(join(dir, 'zoo.cfg'), configOf(dir, port))
  const password = randomBytes(24).toString('base64url')
  const heapMegabytes = Math.round(
    Math.max(
      HEAP_MEGABYTES_MIN,
      Math.min(input.heapMegabytes, HEAP_MEGABYTES_MAX, Math.max(256, totalmem() / 2 / 1_048_576)),
    ),
  )
  let loadedDigest: ScratchServer['loadedDigest'] = null
  const command = [
    java,
    `-Xmx${heapMegabytes}m`,
    ...['-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError', '-XX:-UsePerfData'],
    ...Object.entries(propertiesOf(dir, input, password)).map(([key, value]) => `-D${key}=${value}`),
    ...['-cp', classpath, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', join(dir, 'zoo.cfg')],
  ]
  const child = await JavaProcess.start(command, {
    cwd: dir,
    searchPath: settings.searchPath,
    onLine: (line) => {
      loadedDigest ??= parseLoadedDigest(line)
    },
  })
  try {
    await notePid(dir, child.pid)
    await untilServing(child, port, dir, input.signal)
  } catch (error) {
    await child.kill()
    if (error instanceof ScratchError && /BindException|Address already in use/.test(child.output)) return 'port-taken'
    throw error
  }
  let stopped: Promise<void> | null = null
  return {
    connectString: `127.0.0.1:${port}`,
    auth: { scheme: 'digest', id: `super:${password}` },
    pid: child.pid,
    heapMegabytes,
    loadedDigest,
    ended: child.ended,
    stop: () => {
      stopped ??= child.kill().then(() => removeScratchFolder(dir))
      return stopped
    },
  }
}

/** The port may have been taken by another server meanwhile: only the one that names our folder is ours. */
async function untilServing(
  child: JavaProcess,
  port: number,
  dir: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    throwIfAborted(signal)
    if (child.ended.aborted) throw child.ended.reason
    if ((await askWord(port, 'conf')).includes(basename(dir)) && (await askWord(port, 'srvr')).includes('Mode:')) return
    await pause(POLL_MS)
  }
}

function configOf(dir: string, port: number): string {
  const config = {
    dataDir: dir,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    tickTime: TICK_MS,
    minSessionTimeout: 4_000,
    maxSessionTimeout: 60_000,
    maxClientCnxns: 0,
    'admin.enableServer': false,
    '4lw.commands.whitelist': 'conf,srvr',
    'autopurge.purgeInterval': 0,
  }
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function propertiesOf(dir: string, input: StartScratchInput, password: string): Record<string, string> {
  const superDigest = createHash('sha1').update(`super:${password}`).digest('base64')
  return {
    'zookeeper.DigestAuthenticationProvider.superDigest': `super:${superDigest}`,
    'zookeeper.extendedTypesEnabled': 'true',
    // Containers and TTL znodes whose time has come must stay for as long as anybody looks.
    'znode.container.checkIntervalMs': String(NEVER_MS),
    'jute.maxbuffer': String(input.juteMaxBuffer),
    'zookeeper.preAllocSize': '64',
    'zookeeper.forceSync': 'no',
    'file.encoding': 'UTF-8',
    'java.io.tmpdir': dir,
    'java.awt.headless': 'true',
    'zookeeper.jmx.log4j.disable': 'true',
    'org.slf4j.simpleLogger.defaultLogLevel': 'info',
    'logback.configurationFile': join(dir, 'logback.xml'),
    'log4j.configuration': `file:${join(dir, 'log4j.properties')}`,
  }
}

function parseLoadedDigest(line: string): ScratchServer['loadedDigest'] {
  const match = /highest zxid is 0x([0-9a-f]+), digest is (-?\d+)/.exec(line)
  return match && { zxid: BigInt(`0x${match[1]}`), digest: BigInt.asUintN(64, BigInt(match[2] ?? '0')) }
}

const LOGBACK = `<configuration><appender name="OUT" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%level %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="OUT"/></root></configuration>
`
const LOG4J = `log4j.rootLogger=INFO, OUT
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%p %m%n
`
