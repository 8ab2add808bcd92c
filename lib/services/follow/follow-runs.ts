import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { tightenHeap } from '../../base/tighten-heap.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor, findRecipients } from '../encryption/find-recipients.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import type { followStream } from '../engine/follow-stream.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { HitBook } from '../live/record-hits.ts'
import { logFolder } from '../logs/log-folder.ts'
import { pruneBases, rollBackBases } from '../logs/prune-bases.ts'
import { rollBackPieces } from '../logs/remove-pieces.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { ArchiveSink } from './archive-sink.ts'
import { FollowReport } from './follow-report.ts'
import { FOLLOW_LEASE_MS } from './judge-follow.ts'
import { takeLocalDir } from './local-dir.ts'
import { toQuorumTarget } from './quorum-target.ts'
import { forgetGap, recordGap } from './record-gap.ts'
import { assertOurs, assertRolledBack } from './same-ensemble.ts'
import { followFolder, sweepFollowFolders } from './sweep-folders.ts'
import { tellingUntold } from './tell-untold.ts'

const TICK_MS = 1_000
/** What no wait mends is tried again all the same: somebody may have mended it. */
const RETRY_MS = 60_000
const RECIPIENTS_EVERY_MS = 60_000
const HOUR_MS = 3_600_000
const SWEEP_EVERY_MS = 60_000

/** `wait`: resolves early when the signal fires. */
export interface FollowEngine {
  readonly follow: typeof followStream
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/**
 * The streams that one worker hears, as `owner`. A cluster is taken by a guarded update and held by a lease that is renewed each few seconds;
 * who has it writes with the fence that came with it. A worker that falls silent loses it to another, which goes on where the archive ends.
 */
export class FollowRuns {
  readonly #owner: string
  readonly #engine: FollowEngine
  readonly #running = new Map<string, Running>()
  #sweptAt: number | null = null

  constructor(owner: string, engine: FollowEngine) {
    this.#owner = owner
    this.#engine = engine
  }

  /** Takes up one stream that nobody has; false when there is none. It goes on beside, until `end`. */
  async runDue(context: ServiceContext): Promise<boolean> {
    const { db, clock } = context
    const now = new Date(clock.now())
    if (this.#sweptAt === null || Math.abs(now.getTime() - this.#sweptAt) >= SWEEP_EVERY_MS) {
      this.#sweptAt = now.getTime()
      await this.#sweep(context)
    }
    const isDue = { enabled: true, quorumServers: { not: '' }, nextRunAt: { lte: now }, ...leaseIsFree(now) }
    const due = await db.clusterFollow.findFirst({
      where: { ...isDue, clusterId: { notIn: [...this.#running.keys()] } },
      orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
      select: { clusterId: true, state: true },
    })
    if (!due) return false
    const { clusterId, state } = due
    const { count } = await db.clusterFollow.updateMany({
      where: { clusterId, ...isDue },
      data: {
        leaseOwner: this.#owner,
        leaseUntil: new Date(now.getTime() + FOLLOW_LEASE_MS),
        fence: { increment: 1 },
        // Of what could not be written it is said since when, until something is written again.
        ...(state === 'held' ? {} : { state: 'connecting', stateSince: now }),
      },
    })
    if (count === 0) return true
    const stop = new AbortController()
    const loosenHeap = tightenHeap()
    const done = this.#run(context, clusterId, stop).finally(async () => {
      loosenHeap()
      this.#running.delete(clusterId)
      await this.#sweep(context)
    })
    this.#running.set(clusterId, { stop, done })
    return true
  }

  /** Gives all streams back, so that another worker can go on at once. */
  async end(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { stop } of running) stop.abort()
    await Promise.all(running.map(({ done }) => done))
  }

  /** Must not throw: what cannot be removed now is tried again. */
  async #sweep(context: ServiceContext): Promise<void> {
    try {
      await sweepFollowFolders(context, new Set(this.#running.keys()))
    } catch (error) {
      context.log.warn({ error: formatErrorLine(error) }, 'What is left of followed clusters could not be looked after')
    }
  }

  /** Never throws: how it ends is told in the row, or in the log. */
  async #run(context: ServiceContext, clusterId: string, stop: AbortController): Promise<void> {
    try {
      await new FollowRun(context, { owner: this.#owner, clusterId, stop, engine: this.#engine }).run()
    } catch (error) {
      context.log.error({ clusterId, error: formatErrorLine(error) }, 'A stream ended, and the database was not told')
    }
  }
}

interface RunInput {
  readonly owner: string
  readonly clusterId: string
  readonly stop: AbortController
  readonly engine: FollowEngine
}

class FollowRun {
  readonly #context: ServiceContext
  readonly #input: RunInput

  constructor(context: ServiceContext, input: RunInput) {
    const { signal } = input.stop
    this.#input = input
    this.#context = {
      ...context,
      mayTakeLong: true,
      signal: context.signal ? AbortSignal.any([context.signal, signal]) : signal,
    }
  }

  async run(): Promise<void> {
    const { clusterId, owner, engine, stop } = this.#input
    const context = this.#context
    const row = await context.db.clusterFollow.findUnique({ where: { clusterId } })
    if (row === null || row.leaseOwner !== owner) return
    const { fence, revision, lagMsMax } = row
    const hits = new HitBook(clusterId, await this.#chroot())
    // What is watched must be known before the first transaction comes: it may be what was missed.
    await hits.flush(context)
    const told = await context.db.followChunk.aggregate({ where: { clusterId }, _max: { toZxid: true } })
    const upTo = { toldUpTo: told._max.toZxid, countedUpTo: row.lastZxid }
    const held =
      row.state === 'held' && row.stateSince ? { since: row.stateSince, error: parseErrorView(row.error) } : null
    const report = new FollowReport(context, { clusterId, owner, fence, revision, lagMsMax, held, ...upTo }, [hits])
    let sink: ArchiveSink | null = null
    const beating = this.#beat(report, async () => sink?.tend())
    let ended: unknown = null
    try {
      const cluster = await getClusterForWriting(context, clusterId)
      const target = await toQuorumTarget(context, clusterId, row)
      sink = await this.#openSink(report, { ...row, cluster })
      const { observers, archives, clock } = context
      await engine.follow(
        { observers, liveTrees: archives.liveTrees, clock, wait: engine.wait },
        {
          target,
          sink: tellingUntold(sink, report, context),
          retry: 'always',
          restoredBehind: row.restoredBehind,
          limits: { baseMs: row.baseHours * HOUR_MS },
          onWritten: (entries, receivedAt) => report.onWritten(entries, receivedAt),
          onEvent: (event) => report.onEvent(event),
          onProgress: (progress) => report.onProgress(progress),
          signal: context.signal,
        },
      )
    } catch (error) {
      ended = error
    } finally {
      stop.abort()
      await beating
    }
    await this.#end(report, ended)
  }

  async #end(report: FollowReport, error: unknown): Promise<void> {
    const { clusterId, owner } = this.#input
    const { db, log } = this.#context
    const isByUs = error === null || (isArkeeperError(error) && error.code === 'CANCELLED')
    if (!isByUs) log.warn({ clusterId, error: formatErrorLine(error) }, 'The stream of a cluster cannot be followed')
    const isThere = await db.cluster.count({ where: { id: clusterId, removedAt: null } })
    if (isThere > 0) return report.end(error, RETRY_MS)
    await db.clusterFollow.updateMany({
      where: { clusterId, leaseOwner: owner },
      data: { enabled: false, state: 'off', leaseOwner: null, leaseUntil: null },
    })
  }

  async #openSink(
    report: FollowReport,
    row: {
      readonly cluster: { id: string; name: string }
      readonly fence: number
      readonly baseHours: number
      readonly lastZxid: bigint | null
      readonly deniedZxid: bigint | null
    },
  ): Promise<ArchiveSink> {
    const { cluster, fence, baseHours, lastZxid } = row
    const context = await encryptingFor(this.#context, cluster.id)
    const logDir = logFolder(context, cluster.name)
    return new ArchiveSink({
      context,
      cluster,
      logDir,
      localDir: await takeLocalDir(followFolder(context, cluster.id), fence),
      fence,
      toldLast: lastZxid,
      baseMs: baseHours * HOUR_MS,
      isEncrypted: (await findRecipients(context, cluster.id)).length > 0,
      assertOurs: async (heard) => {
        await assertOurs(context, cluster.id, { heard, named: report.named })
        if (row.deniedZxid !== null) {
          await context.db.clusterFollow.updateMany({ where: { clusterId: cluster.id }, data: { deniedZxid: null } })
        }
      },
      assertRolledBack: (last) => assertRolledBack(context, cluster.id, last),
      onGap: (gap) => recordGap(context, { cluster, logDir }, { ...gap, fromAt: report.lastTxnAt }),
      onNoGap: (gap) => forgetGap(context, cluster.id, gap),
      onRollBack: async (to) => {
        await report.takeBack(to)
        // What is laid aside here must not come back out of a store.
        await rollBackPieces(context, cluster.id, to)
        await rollBackBases(context, cluster.id, to)
        // They lay in what is aside now, and their numbers may come again.
        const laidAside = to === null ? {} : { toZxid: { gt: to } }
        await context.db.followGap.deleteMany({ where: { clusterId: cluster.id, ...laidAside } })
        await writeAudit(context.db, context, {
          action: 'logs.archive',
          cluster,
          outcome: 'failed',
          message: `The ensemble has no more what it told behind ${to === null ? 'its beginning' : formatHex64(to)}: what was kept of it is laid aside`,
        })
      },
      onStored: () => askForMirrors(context, cluster.id),
      onBase: (zxid) => {
        report.onBase(zxid)
        pruneBases(context, cluster).catch((error: unknown) => {
          context.log.warn({ clusterId: cluster.id, error: formatErrorLine(error) }, 'Old bases could not be removed')
        })
      },
    })
  }

  /** Renews the lease and tells how it goes, each second, until it ends. A stream whose lease is lost is left at once. */
  async #beat(report: FollowReport, tend: () => Promise<unknown>): Promise<void> {
    const { clusterId, stop, engine } = this.#input
    const { clock, log } = this.#context
    const recipients = await this.#recipients()
    let renewedAt = clock.now()
    let lookedAt = renewedAt
    while (!stop.signal.aborted) {
      await engine.wait(TICK_MS, stop.signal)
      if (stop.signal.aborted) return
      try {
        // Its lease must not hang on it: who cannot write is told by the stream itself.
        await tend().catch((error: unknown) => {
          log.warn(
            { clusterId, error: formatErrorLine(error) },
            'The open end of a log could not be put into pieces yet',
          )
        })
        const isOurs = await report.write()
        if (!isOurs) log.info({ clusterId }, 'The stream is somebody else’s now, or its settings were changed')
        if (!isOurs) stop.abort()
        renewedAt = clock.now()
        if (renewedAt - lookedAt < RECIPIENTS_EVERY_MS && renewedAt >= lookedAt) continue
        lookedAt = renewedAt
        // What is encrypted from now on needs a sink of its own.
        if ((await this.#recipients()) !== recipients) stop.abort()
      } catch (error) {
        log.warn({ clusterId, error: formatErrorLine(error) }, 'How a stream goes could not be told')
        // Without the database another may have it: it is left before that.
        if (clock.now() - renewedAt > FOLLOW_LEASE_MS / 2) stop.abort()
      }
    }
  }

  /** Of a cluster that is gone it does not matter. */
  async #chroot(): Promise<string> {
    const { db } = this.#context
    const row = await db.cluster.findUnique({
      where: { id: this.#input.clusterId },
      select: { connectString: true },
    })
    return row === null ? ROOT : splitConnectString(row.connectString).chroot
  }

  async #recipients(): Promise<string> {
    return (await findRecipients(this.#context, this.#input.clusterId)).join(' ')
  }
}

/** So that it is in the stores at once. A store that failed has its own time to be tried again. */
async function askForMirrors(context: ServiceContext, clusterId: string): Promise<void> {
  try {
    await context.db.logMirror.updateMany({
      where: { clusterId, storeId: { not: DEFAULT_STORE_ID }, error: null },
      data: { nextRunAt: new Date(context.clock.now()) },
    })
  } catch (error) {
    context.log.warn({ clusterId, error: formatErrorLine(error) }, 'The stores of a log could not be told of more')
  }
}
