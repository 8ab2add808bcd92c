import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FollowGap, FollowHolding, FollowSink, GapReason } from '../../adapters/archive/live/follow-sink.ts'
import type { LiveBase } from '../../adapters/archive/live/live-tree.ts'
import type { LogTail } from '../../adapters/archive/log-archive.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { makeDir } from '../../base/make-dir.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import type { ServiceContext } from '../context.ts'
import { catchUpLogs } from '../logs/catch-up.ts'
import { type ClusterBase, listClusterBases, withClusterBase } from '../logs/cluster-bases.ts'
import { openLogs } from '../logs/cluster-logs.ts'
import { findMissedEnds } from '../logs/find-missed.ts'
import { layLogAside } from '../logs/lay-aside.ts'
import { readTails } from '../logs/read-tails.ts'
import { LocalBases } from './local-bases.ts'
import { writeStreamBase } from './write-stream-base.ts'

/** What the open end may grow to before it is put into pieces: at most so much is read without an index. */
const TAIL_BYTES_MAX = 8 << 20
/** What was written is in a piece after so long, and on its way to the stores: what is lost with this host is about that much. */
const TAIL_AGE_MAX_MS = 30_000

export interface ArchiveSinkInput {
  /** Its archives encrypt as is set for the cluster. */
  readonly context: ServiceContext
  readonly cluster: { readonly id: string; readonly name: string }
  /** `<store>/<cluster>/logs` */
  readonly logDir: string
  /** Of this host and this holder alone: the newest base, unpacked, and what is in the making. */
  readonly localDir: string
  /** Of the holder of the lease: its open end is told apart by it. */
  readonly fence: number
  /** An archived base is due that long after the last. */
  readonly baseMs: number
  readonly isEncrypted: boolean
  /** The last transaction that a stream of this cluster has told as kept; null: none has. */
  readonly toldLast: bigint | null
  /** Before the first word of a stream is kept. Throws where it is not the one of this cluster. */
  assertOurs(zxid: bigint): Promise<void>
  /** Before what is kept is laid aside. Throws where the cluster itself still knows it. */
  assertRolledBack(last: bigint): Promise<void>
  /** Puts a gap on record, and fills it from elsewhere if it can. */
  onGap(gap: FollowGap): Promise<void>
  /** One that was possible was none. */
  onNoGap(gap: FollowGap): Promise<void>
  onRollBack(to: bigint | null): Promise<void>
  /** A base lies in the archive. */
  onBase(zxid: bigint): void
  /** Something is in pieces or bases that the stores do not have yet. Must not throw. */
  onStored(): Promise<void>
}

/**
 * Keeps a stream in the log archive of its cluster: an open end that grows beside the pieces and is put into them now and then, so that nothing
 * is rewritten each second. Bases are archives beside the logs, and the newest lies on this host unpacked, to go on from (local-bases.ts).
 *
 * Where archives are encrypted nobody here could read the pieces back to go on from: what is in the open ends, which are sealed with the
 * installation's key, goes into pieces as soon, and the open ends stay beside them until a base is behind them.
 */
export class ArchiveSink implements FollowSink {
  readonly scratchDir: string
  readonly #input: ArchiveSinkInput
  readonly #local: LocalBases
  #tail: LogTail | null = null
  /** Since when something waits to be put into pieces; null: nothing does. */
  #waitsSince: number | null = null
  /** Of open ends that stay, up to where they are in pieces as well. */
  #copiedTo: bigint | null = null
  /** Closed open ends that are not in pieces yet, with their last zxid. */
  #closed: { readonly name: string; readonly last: bigint }[] = []
  /** One at a time touches the open end. */
  #turn: Promise<unknown> = Promise.resolve()
  #taking: Promise<void> | null = null
  /** A base of before that is being archived. */
  #owed: Promise<void> | null = null
  /** The newest base in the archive. */
  #based: { readonly zxid: bigint; readonly atMs: number } | null = null
  /** Behind a gap nothing is told from an older base. */
  #needsBehind: bigint | null = null
  #isOurs = false
  /** Why there is less to go on from than there was. */
  #shortBy: GapReason | undefined

  constructor(input: ArchiveSinkInput) {
    this.#input = input
    const { context, localDir, isEncrypted } = input
    this.scratchDir = join(/* turbopackIgnore: true */ localDir, 'scratch')
    this.#local = new LocalBases(context, { dir: localDir, scratchDir: this.scratchDir, isEncrypted })
  }

  get #logs() {
    return this.#input.context.archives.logs
  }

  async open(): Promise<FollowHolding> {
    const { context, cluster, logDir } = this.#input
    await rm(this.scratchDir, { recursive: true, force: true })
    await makeDir(this.scratchDir, 0o700)
    await this.#local.putInOrder()
    await context.archives.sweepUnfinished(logDir)
    await catchUpLogs(context, cluster)
    for (const tail of await this.#logs.tails(logDir)) {
      // One that a killed process had only begun holds nothing, not even what it is named after.
      this.#closed.push({ name: tail.name, last: (await findLast(tail)) ?? 0n })
    }
    if (!this.#input.isEncrypted) {
      // The holder of before may be at the same, on its way out: they are read where they are, and taken by the next.
      await this.#takeClosed().catch((error: unknown) => {
        throwIfAborted(context.signal)
        this.#warn(error, 'The open end that was left could not be put into pieces yet')
      })
    }
    const bases = await listClusterBases(context, cluster)
    this.#based = bases[0] ? { zxid: bases[0].zxid, atMs: bases[0].takenAtMs } : null
    if ((await this.#local.list()).length === 0) await this.#fetchBase(bases)
    const holding = await this.#holding()
    await this.#oweBase(holding)
    const { toldLast } = this.#input
    const isLess = toldLast !== null && (holding.last === null || holding.last < toldLast)
    if (isLess) this.#shortBy ??= 'lost-here'
    if (holding.bases.length > 0) return { ...holding, shortBy: isLess ? this.#shortBy : undefined }
    this.#shortBy ??= toldLast === null ? 'begins' : 'lost-here'
    // What is archived came by another way, or its keys are elsewhere: it stays, and the stream goes on behind it.
    return { ...holding, shortBy: this.#shortBy }
  }

  async append(entries: readonly TxnEntry[]): Promise<void> {
    const [first] = entries
    if (first === undefined) return
    await this.#beginAt(first.zxid)
    await this.#inTurn(async () => {
      if (this.#tail === null) {
        this.#tail = this.#logs.openTail(this.#input.logDir, `f${this.#input.fence}`)
      }
      this.#waitsSince ??= this.#input.context.clock.now()
      await this.#tail.append(entries)
    })
  }

  async flush(): Promise<void> {
    await this.#tail?.flush()
    await this.tend()
  }

  /** Called each second, whether or not anything comes: what waits for long enough is put into pieces. */
  async tend(): Promise<void> {
    const { isEncrypted } = this.#input
    const isFull = (this.#tail?.bytes ?? 0) >= TAIL_BYTES_MAX
    if (this.#taking !== null || !(isFull || this.#isDue())) return
    if (!isEncrypted || isFull) await this.#closeTail()
    this.#waitsSince = null
    // In the background: what arrives goes into another open end meanwhile.
    this.#taking = (isEncrypted ? this.#copyTails() : this.#takeClosed())
      .catch((error: unknown) => {
        this.#waitsSince ??= this.#input.context.clock.now()
        this.#warn(error, 'The open end of a log could not be put into pieces yet')
      })
      .finally(() => {
        this.#taking = null
      })
  }

  async base(base: LiveBase): Promise<void> {
    await this.#owed
    await this.#beginAt(base.zxid + 1n)
    const isDue = this.#isBaseDue(base.zxid)
    if (isDue) await this.#archiveBase(base.path, base.zxid)
    await this.#local.keep(base.path, base.zxid)
    if (!this.#input.isEncrypted) return
    await this.#closeTail()
    await this.#taking
    await this.#takeClosed(base.zxid)
  }

  async gap(gap: FollowGap): Promise<void> {
    if (this.#needsBehind === null || gap.to > this.#needsBehind) this.#needsBehind = gap.to
    await this.#closeTail()
    await this.#taking
    await this.#takeClosed()
    await this.#input.onGap(gap)
  }

  async noGap(gap: FollowGap): Promise<void> {
    await this.#input.onNoGap(gap)
  }

  async rollBack(to: bigint | null): Promise<FollowHolding> {
    const { last } = await this.#holding()
    if (last !== null) await this.#input.assertRolledBack(last)
    await this.#owed
    await this.#closeTail()
    await this.#taking
    await this.#takeClosed()
    await layLogAside(this.#input.context, this.#input.cluster, to)
    this.#based = null
    this.#copiedTo = null
    await this.#local.drop(to)
    await this.#input.onRollBack(to)
    return this.#holding()
  }

  async close(): Promise<void> {
    await this.#owed
    await this.#taking
    await this.#closeTail()
    this.#waitsSince = null
    const taken = this.#input.isEncrypted ? this.#copyTails() : this.#takeClosed()
    // The tree is closed before.
    await rm(this.scratchDir, { recursive: true, force: true })
    await taken.catch((error: unknown) =>
      // It is whole where it is, and is put into pieces by whoever goes on.
      this.#warn(error, 'The open end of a log stays until the stream goes on'),
    )
  }

  /** Once, before anything is kept. */
  async #beginAt(next: bigint): Promise<void> {
    if (this.#isOurs) return
    await this.#input.assertOurs(next - 1n)
    this.#isOurs = true
  }

  async #holding(): Promise<FollowHolding> {
    const { context, cluster, logDir, isEncrypted } = this.#input
    const opened = await openLogs(context, cluster)
    const { segments } = opened.archived
    const tails = await this.#logs.tails(logDir)
    const bases = await this.#local.open()
    const ends = [...segments, ...this.#closed].map(({ last }) => last)
    ends.push(...bases.map(({ zxid }) => zxid))
    const last = ends.reduce<bigint | null>((most, zxid) => (most === null || zxid > most ? zxid : most), null)
    const gaps = await context.db.followGap.count({ where: { clusterId: cluster.id } })
    const missed = await findMissedEnds(context, cluster.id, { perhaps: true })
    const missedBelow = missed.map(({ to }) => to)
    const read = [...(isEncrypted ? [] : opened.sources(segments)), ...tails]
    const logs = read.map((log) => ({ ...log, missedBelow }))
    return { last, bases, logs, gaps, isSealed: bases.length === 0, release: () => this.#local.release() }
  }

  /** On a host that has not followed before: the newest base that can be read, unpacked, wherever it lies. */
  async #fetchBase(bases: readonly ClusterBase[]): Promise<void> {
    const path = join(/* turbopackIgnore: true */ this.scratchDir, 'fetched')
    const { context } = this.#input
    for (const base of bases) {
      try {
        await withClusterBase(context, base, async (dir) => {
          const out = createWriteStream(path, { mode: 0o600 })
          await pipeline(context.archives.readUnpacked(dir), out, { signal: context.signal })
        })
      } catch (error) {
        throwIfAborted(context.signal)
        // An encrypted one without its key, or a damaged one: an older one may serve.
        this.#warn(error, 'A base of the stream cannot be read')
        this.#shortBy ??= isArkeeperError(error) && error.code === 'KEY_MISSING' ? 'keys' : 'lost-here'
        continue
      }
      await this.#local.keep(path, base.zxid)
      await rm(path, { force: true })
      this.#shortBy = undefined
      return
    }
  }

  /** A process that ended before its base was archived had what is behind a gap told from nothing: what lies here of it serves. */
  async #oweBase({ last, bases }: FollowHolding): Promise<void> {
    const { context, cluster } = this.#input
    const gap = await context.db.followGap.findFirst({
      where: { clusterId: cluster.id, closedAt: null },
      orderBy: [{ toZxid: 'desc' }, { id: 'asc' }],
      select: { toZxid: true },
    })
    if (gap !== null && last !== null && gap.toZxid <= last) this.#needsBehind = gap.toZxid
    const [local] = bases
    if (local === undefined || local.zxid <= (this.#based?.zxid ?? -1n) || !this.#isBaseDue(local.zxid)) return
    // Beside the stream, which must not wait: what the leader remembers is not much.
    this.#owed = this.#archiveBase(local.path, local.zxid)
  }

  async #archiveBase(path: string, zxid: bigint): Promise<void> {
    const { context, cluster, logDir } = this.#input
    try {
      await writeStreamBase(context, { path, zxid, cluster, parentDir: this.#logs.basesDir(logDir) })
      this.#based = { zxid, atMs: context.clock.now() }
      this.#input.onBase(zxid)
      await this.#input.onStored()
    } catch (error) {
      // The stream is whole without it; the next base comes soon.
      this.#warn(error, 'A base of the stream could not be kept in the archive')
    }
  }

  #isBaseDue(zxid: bigint): boolean {
    const { context, baseMs } = this.#input
    const based = this.#based
    if (based === null || zxid < based.zxid || context.clock.now() - based.atMs >= baseMs) return true
    return this.#needsBehind !== null && based.zxid < this.#needsBehind
  }

  #isDue(): boolean {
    return this.#waitsSince !== null && this.#input.context.clock.now() - this.#waitsSince >= TAIL_AGE_MAX_MS
  }

  async #closeTail(): Promise<void> {
    await this.#inTurn(async () => {
      const tail = this.#tail
      this.#tail = null
      await tail?.close()
      if (tail !== null && tail.name !== null && tail.last !== null) {
        this.#closed.push({ name: tail.name, last: tail.last })
      }
    })
  }

  /** Puts the closed open ends into pieces; those that go beyond `upTo` stay. */
  async #takeClosed(upTo: bigint | null = null): Promise<void> {
    const taken = this.#closed.filter(({ last }) => upTo === null || last <= upTo)
    if (taken.length === 0) return
    const { cluster, logDir } = this.#input
    const names = taken.map(({ name }) => name)
    // To its end, also when all is to end: it is short, and nobody may come who goes on.
    await this.#logs.takeTails(logDir, { names, members: [`stream of ${cluster.name}`] })
    this.#closed = this.#closed.filter(({ name }) => !names.includes(name))
    await this.#input.onStored()
  }

  /** Puts what lies in the open ends of this stream into pieces; they stay, since only they can be read here. */
  async #copyTails(): Promise<void> {
    const { cluster, logDir } = this.#input
    const mine = new Set([...this.#closed.map(({ name }) => name), this.#tail?.name ?? null])
    const lasts = new Map(this.#closed.map(({ name, last }) => [name, last]))
    const after = this.#copiedTo
    const tails = (await this.#logs.tails(logDir)).filter(
      ({ name }) => mine.has(name) && (after === null || (lasts.get(name) ?? after + 1n) > after),
    )
    if (tails.length === 0) return
    const entries = readTails(tails, { after })
    const { last } = await this.#logs.append(logDir, { entries, members: [`stream of ${cluster.name}`] })
    this.#copiedTo = last
    await this.#input.onStored()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  #warn(error: unknown, message: string): void {
    const { context, cluster } = this.#input
    context.log.warn({ clusterId: cluster.id, error: formatErrorLine(error) }, message)
  }
}

async function findLast(tail: LogSource): Promise<bigint | null> {
  const reader = new LogReader(tail.open(), { allowBareCheck: true })
  let last: bigint | null = null
  try {
    for await (const batch of reader.readEntries()) last = batch.at(-1)?.zxid ?? last
  } finally {
    await reader.close()
  }
  return last
}
