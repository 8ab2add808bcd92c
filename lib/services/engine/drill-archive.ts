import type { UnpackedSnapshot } from '../../adapters/archive/store.ts'
import type { ScratchServer } from '../../adapters/scratch/scratch-server.ts'
import { countOf } from '../../base/count-of.ts'
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { compareExactly } from '../../domain/diff/compare-exactly.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { EngineContext } from '../context.ts'
import { isVersionBelow } from '../physical/compare-versions.ts'
import { DIFFERENCES_LISTED_MAX, type DrillReport, emptyDrillReport } from './drill-report.ts'
import { EngineError } from './errors.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'

export interface DrillInput {
  /** The archive. */
  readonly dir: string
  /** Scratch servers have their folders in it. */
  readonly scratchDir: string
  /** Of the whole drill. */
  readonly limitMs: number
  readonly onProgress?: OnProgress
}

const MEGABYTE = 1_048_576
/** A server that has just begun may collect garbage for long. */
const REQUEST_TIMEOUT_MS = 60_000
const NOT_PROVED = 'the backup is as it was, neither proved nor refuted'
/** jute.maxbuffer of a server that nobody has told otherwise. */
const JUTE_DEFAULT = 1_048_575
/** The snapshot, which the server writes once more when it has loaded it, its log and its own files. */
const DISK_FACTOR = 2
const DISK_SPARE_BYTES = 64 * MEGABYTE
/** What the JVM keeps of one znode besides its path and data. */
const HEAP_BYTES_A_ZNODE = 700

/**
 * Loads the archive's snapshot, as it is, into a stock server that is made for it, reads everything back over the client port and compares it
 * with what the archive says. Damage is a finding; only what keeps the drill from being done is thrown: no Java, no room, no memory, no time.
 */
export async function drillArchive(context: EngineContext, input: DrillInput): Promise<DrillReport> {
  const limit = AbortSignal.timeout(input.limitMs)
  const signal = context.signal ? AbortSignal.any([context.signal, limit]) : limit
  try {
    return await drill({ ...context, signal }, input)
  } catch (error) {
    throwIfAborted(context.signal)
    if (!limit.aborted) throw error
    throw new EngineError('DRILL_TIMEOUT', `The drill took longer than its limit of ${describeLimit(input.limitMs)}`, {
      unaffected: 'the scratch server was ended and removed; the backup is as it was and neither proved nor refuted',
      remedy: 'raise the limit, or drill when the host has less to do',
      cause: error,
    })
  }
}

type DrillContext = EngineContext & { readonly signal: AbortSignal }

interface Drill {
  readonly input: DrillInput
  readonly report: DrillReport
  readonly meter: ProgressMeter
}

async function drill(context: DrillContext, input: DrillInput): Promise<DrillReport> {
  const { archives, scratch, clock, signal } = context
  const fault = await scratch.findFault()
  if (fault !== null) {
    throw new EngineError('DRILL_NOT_POSSIBLE', `No drill can be done here: ${fault}`, { unaffected: NOT_PROVED })
  }
  const startedAtMs = clock.now()
  const meter = new ProgressMeter(clock, input.onProgress)
  const verified = await archives.verify(input.dir, {
    signal,
    onProgress: (done) => meter.report('Verifying the archive', { done }),
  })
  // Neither proved nor refuted: that is no finding about the backup.
  if (verified.encryption?.opened === false) {
    const keys = verified.encryption.recipients.join(', ')
    throw new EngineError(
      'DRILL_NOT_POSSIBLE',
      `The backup is encrypted to ${keys}, and no private key at hand opens it`,
      {
        unaffected: NOT_PROVED,
        remedy:
          'unlock it in the settings of the cluster, or give the worker ARKEEPER_AGE_IDENTITY_FILE; --identity FILE on the command line',
      },
    )
  }
  const report: DrillReport = {
    ...emptyDrillReport(),
    problems: verified.problems.map(({ code, message }) => ({ code, message })),
  }
  const work = { input, report, meter }
  const unpacked = await measure(context, work)
  if (unpacked !== null) {
    await assertRoom(context, input, unpacked)
    meter.report('Starting ZooKeeper on it', { done: 0 })
    const loadedAtMs = clock.now()
    const server = await startOn(context, work, unpacked)
    report.loadMs = clock.now() - loadedAtMs
    if (server !== null) {
      try {
        await readBack(context, work, unpacked, server)
      } finally {
        await server.stop()
      }
    }
  }
  report.ok = report.differences === 0 && report.problems.length === 0
  report.durationMs = clock.now() - startedAtMs
  return report
}

/** Null, with a problem in the report, for a snapshot that cannot be read to its end: no server would load it. */
async function measure(context: DrillContext, { input, report, meter }: Drill): Promise<UnpackedSnapshot | null> {
  try {
    return await context.archives.measureUnpacked(input.dir, {
      signal: context.signal,
      onProgress: (done) => meter.report('Unpacking the archive', { done }),
    })
  } catch (error) {
    if (!isArkeeperError(error) || error instanceof CancelledError || error.code === 'KEY_MISSING') throw error
    if (report.problems.length === 0) report.problems.push({ code: error.code, message: error.message })
    return null
  }
}

async function assertRoom(context: DrillContext, input: DrillInput, { bytes }: UnpackedSnapshot): Promise<void> {
  const wanted = bytes * DISK_FACTOR + DISK_SPARE_BYTES
  const free = await context.scratch.freeBytes(input.scratchDir)
  if (free >= wanted) return
  throw new EngineError(
    'DRILL_NO_SPACE',
    `The drill needs ${formatBytes(wanted)} in ${input.scratchDir}, where ${formatBytes(free)} are free`,
    { unaffected: NOT_PROVED, remedy: 'make room there, then drill again' },
  )
}

/** Null, with a problem in the report, when a server starts here, but not on this snapshot. */
async function startOn(
  context: DrillContext,
  { input, report }: Drill,
  unpacked: UnpackedSnapshot,
): Promise<ScratchServer | null> {
  const { manifest, bytes, largestDataBytes, largestPath } = unpacked
  const juteMaxBuffer = Math.max(JUTE_DEFAULT, largestDataBytes + MEGABYTE)
  if (largestDataBytes > JUTE_DEFAULT) {
    report.notes.push(
      `${largestPath} has ${largestDataBytes} bytes: a server loads it only with jute.maxbuffer raised, as it was here`,
    )
  }
  const common = { parentDir: input.scratchDir, juteMaxBuffer, signal: context.signal }
  const heapMegabytes = heapMegabytesFor({ bytes, znodes: manifest.znodes })
  // A server takes the zxid that it starts at from the name.
  const name = `snapshot.${manifest.zxid.slice(2)}`
  try {
    return await context.scratch.start({
      ...common,
      heapMegabytes,
      snapshot: { name, body: () => context.archives.readUnpacked(input.dir) },
    })
  } catch (error) {
    if (!isArkeeperError(error) || error.code !== 'SCRATCH_ENDED') throw explain(error, heapMegabytes)
    const empty = await context.scratch.start({ ...common, heapMegabytes: 0, snapshot: null })
    await empty.stop()
    report.problems.push({
      code: 'SERVER_REFUSED',
      message: `A server that starts well on nothing does not start on this snapshot: ${error.message}`,
    })
    return null
  }
}

async function readBack(
  context: DrillContext,
  { input, report, meter }: Drill,
  unpacked: UnpackedSnapshot,
  server: ScratchServer,
): Promise<void> {
  const { manifest } = unpacked
  const signal = AbortSignal.any([context.signal, server.ended])
  const { connectString, auth } = server
  const stored = await openStored(context, { input, report })
  if (stored === null) return
  try {
    const connection = await context.zookeeper.connect(
      { connectString, auth: [auth], requestTimeoutMs: REQUEST_TIMEOUT_MS },
      { signal },
    )
    try {
      report.serverVersion = connection.serverVersion
      assertVersion(connection.serverVersion, unpacked.byKind)
      report.znodes = await compareExactly(
        stored.readSubtree(ROOT, { signal, includeSystem: true }),
        connection.walk([ROOT], { signal, includeSystem: true }).stream,
        (difference) => {
          if (report.listed.length < DIFFERENCES_LISTED_MAX) {
            const fields = difference.kind === 'different' ? [...difference.fields] : []
            report.listed.push({ path: difference.path, kind: difference.kind, fields })
          }
          report.differences++
        },
        {
          isDataVolatile,
          signal,
          onProgress: (done) => meter.report('Reading back and comparing', { done, total: manifest.znodes }),
        },
      )
    } finally {
      await connection.close()
    }
  } catch (error) {
    throwIfAborted(context.signal)
    throw server.ended.aborted ? explain(server.ended.reason, server.heapMegabytes) : error
  } finally {
    await stored.close()
  }
  if (report.znodes < manifest.znodes) {
    const message = `${countOf(report.znodes, 'znode')} were compared, the manifest speaks of ${manifest.znodes}`
    report.problems.push({ code: 'ZNODES_MISSING', message })
  }
  compareDigest(report, manifest, server)
  describe(report, unpacked)
}

/** An older server drops or misreads these kinds, which says nothing against the backup. */
export function assertVersion(
  version: string | null,
  { container, ttl }: Pick<UnpackedSnapshot['byKind'], 'container' | 'ttl'>,
): void {
  const least = ttl > 0 ? '3.5.4' : container > 0 ? '3.5.1' : null
  if (version === null || least === null || !isVersionBelow(version, least)) return
  throw new EngineError(
    'DRILL_NOT_POSSIBLE',
    `ZooKeeper ${version}, which was found here, does not know the containers or TTL znodes of the backup`,
    { unaffected: NOT_PROVED, remedy: `name a distribution of ${least} or newer with ARKEEPER_ZOOKEEPER_HOME` },
  )
}

/** Null, with a problem in the report, for an archive whose parts do not fit together: there is nothing to compare with. */
async function openStored(context: DrillContext, { input, report }: Pick<Drill, 'input' | 'report'>) {
  try {
    return await context.archives.open(input.dir)
  } catch (error) {
    if (!isArkeeperError(error) || error instanceof CancelledError || error.code === 'KEY_MISSING') throw error
    report.problems.push({ code: error.code, message: error.message })
    return null
  }
}

/** Over owners, too: containers and TTLs, which no client is shown, are in it. */
function compareDigest(report: DrillReport, { digest }: Manifest, { loadedDigest }: ScratchServer): void {
  if (digest === null || loadedDigest === null) {
    report.notes.push(
      'The server told no digest: that containers and TTLs are kept is not proved, no client is shown them',
    )
    return
  }
  const loaded = formatHex64(loadedDigest.digest)
  report.digest = { expected: digest.computed, loaded, match: loaded === digest.computed }
  if (report.digest.match) return
  report.problems.push({
    code: 'DIGEST_MISMATCH',
    message: `The server computed the digest ${loaded} of what it loaded, the manifest says ${digest.computed}`,
  })
}

function describe(report: DrillReport, { manifest, byKind }: UnpackedSnapshot): void {
  if (manifest.fidelity.unreadable.length > 0) {
    const what = countOf(manifest.fidelity.unreadable.length, 'place')
    report.notes.push(
      `${what} could not be read when the backup was taken: a drill proves what the archive holds, no more`,
    )
  }
  if (byKind.ephemeral > 0) {
    report.notes.push(
      `${countOf(byKind.ephemeral, 'ephemeral znode')} came up with their sessions, and would expire after their timeout`,
    )
  }
}

/** Written by the server when it loads a snapshot: its own configuration, and the counts of quotas. */
function isDataVolatile(path: string): boolean {
  return path === '/zookeeper/config' || (path.startsWith('/zookeeper/quota/') && path.endsWith('/zookeeper_stats'))
}

/** A limit for the JVM, generous: what it does not need it does not take. */
export function heapMegabytesFor({ bytes, znodes }: { readonly bytes: number; readonly znodes: number }): number {
  return 256 + Math.ceil((bytes * 2 + znodes * HEAP_BYTES_A_ZNODE) / MEGABYTE)
}

function explain(error: unknown, heapMegabytes: number): unknown {
  if (!isArkeeperError(error) || (error.code !== 'SCRATCH_OUT_OF_MEMORY' && error.code !== 'SCRATCH_ENDED'))
    return error
  const isMemory = error.code === 'SCRATCH_OUT_OF_MEMORY'
  return new EngineError(
    'DRILL_CUT_SHORT',
    `The drill was cut short: ${error.message}${isMemory ? ` (it wanted ${heapMegabytes} MiB)` : ''}`,
    {
      unaffected: NOT_PROVED,
      remedy: isMemory
        ? 'drill on a host with more memory'
        : 'look whether the host is short of memory, then drill again',
      cause: error,
    },
  )
}

function describeLimit(limitMs: number): string {
  const minutes = limitMs / 60_000
  return minutes >= 1 ? countOf(Math.round(minutes), 'minute') : countOf(limitMs, 'millisecond')
}
