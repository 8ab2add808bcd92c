import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { SummaryGatherer } from '../../domain/txnlog/summary.ts'
import type { ServiceContext } from '../context.ts'
import type { FollowEvent, FollowProgress } from '../engine/follow.ts'
import type { ErrorView } from '../error-view.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { describeHeldBack, HELD_RETRY_MS } from './held-back.ts'
import { FOLLOW_LEASE_MS } from './judge-follow.ts'
import { toShown } from './quorum-certificates.ts'
import { NO_ERROR } from './set-follow.ts'
import type { FollowState } from './views.ts'

/** Rows of the newest transactions that are kept; a row is what came within a second. */
const CHUNKS_KEPT = 900
const PRUNE_EVERY_MS = 60_000
/** Without news the row is written that often, for its lease. */
const BEAT_MS = 5_000
const RATE_MS = 60_000
/** Servers that send no digest at all have sent so many transactions without. */
const WITHOUT_DIGEST = 50n

/** Somebody who wants to know of every transaction: held against each, asked once a second to write what came of it. */
export interface FollowListener {
  add(entries: readonly TxnEntry[]): void
  /** Must not throw: what cannot be written is told in the log. */
  flush(context: ServiceContext): Promise<void>
}

export interface FollowClaim {
  readonly clusterId: string
  readonly owner: string
  readonly fence: number
  /** Of the settings: when they change, the stream begins anew. */
  readonly revision: number
  readonly lagMsMax: number
  /** Of the newest transaction in the ring, and of the newest that is counted, by whoever had the stream before; null: of none. */
  readonly toldUpTo: bigint | null
  readonly countedUpTo: bigint | null
  /** Since when what is heard could not be written, and why; absent: it could. */
  readonly held?: { readonly since: Date; readonly error: ErrorView | null } | null
}

interface RingRow {
  readonly fromZxid: bigint
  readonly toZxid: bigint
  readonly at: Date
  readonly transactions: number
  readonly bytes: number
  readonly summaries: object
}

/** What a stream tells of itself, kept in its row and in the ring of its newest transactions, about once a second. */
export class FollowReport {
  readonly #context: ServiceContext
  readonly #claim: FollowClaim
  readonly #summaries = new SummaryGatherer()
  readonly #listeners: readonly FollowListener[]
  #state: FollowState
  /** Until something is written again. */
  #held: NonNullable<FollowClaim['held']> | null
  #stateSince: Date
  #isSynced = false
  #wasDiff = false
  #progress: FollowProgress | null = null
  #peer: string | null = null
  #named: bigint | null = null
  #shown: ReturnType<typeof toShown> | null = null
  #connectedAt: Date | null = null
  #heardAt: Date | null = null
  #error: ErrorView | null
  #last: { readonly zxid: bigint; readonly at: Date } | null = null
  /** Of what was written since the last chunk. */
  #chunk: { from: bigint; to: bigint; bytes: number } | null = null
  #toldUpTo: bigint | null
  #countedUpTo: bigint | null
  /** Of the ring, and not in it yet: the database did not take it. */
  #unsaved: RingRow | null = null
  #passing: Promise<void> = Promise.resolve()
  #written = 0n
  #toldWritten = 0n
  #toldCompared = 0
  #parted = 0
  #base: { readonly zxid: bigint; readonly at: Date } | null = null
  /** When how many were written, for the rate. */
  #marks: { readonly at: number; readonly written: bigint }[] = []
  #changed = true
  #writtenAt = Number.NEGATIVE_INFINITY
  #prunedAt: number

  constructor(context: ServiceContext, claim: FollowClaim, listeners: readonly FollowListener[]) {
    this.#context = context
    this.#claim = claim
    this.#listeners = listeners
    this.#toldUpTo = claim.toldUpTo
    this.#countedUpTo = claim.countedUpTo
    this.#held = claim.held ?? null
    this.#state = this.#held === null ? 'connecting' : 'held'
    this.#error = claim.held?.error ?? null
    this.#stateSince = claim.held?.since ?? new Date(context.clock.now())
    this.#prunedAt = context.clock.now()
  }

  /** What the leader of now began with; null before there was one. */
  get named(): bigint | null {
    return this.#named
  }

  /** When the last transaction that is kept was made; null: none was kept by this run. */
  get lastTxnAt(): Date | null {
    return this.#last?.at ?? null
  }
  get lastZxid(): bigint | null {
    return this.#last?.zxid ?? null
  }

  /** Of the newest transaction that was told before this run; null: of none. */
  get toldUpTo(): bigint | null {
    return this.#toldUpTo
  }

  /** `receivedAt`: null for what was not heard just now but lay in the archive, told to nobody. */
  onWritten(entries: readonly TxnEntry[], receivedAt: number | null): void {
    const last = entries.at(-1)
    if (last === undefined) return
    // What a machine lost that went down comes again, and was told already.
    this.#tell(behind(this.#toldUpTo, entries))
    this.#written += BigInt(behind(this.#countedUpTo, entries).length)
    this.#last = { zxid: last.zxid, at: new Date(last.timeMs) }
    if (receivedAt !== null) this.#held = null
    if (receivedAt !== null) this.#heardAt = new Date(receivedAt)
    this.#changed = true
  }

  #tell(entries: readonly TxnEntry[]): void {
    const [first, last] = [entries[0], entries.at(-1)]
    if (first === undefined || last === undefined) return
    this.#summaries.add(entries)
    for (const listener of this.#listeners) listener.add(entries)
    const bytes = entries.reduce((sum, { start, end }) => sum + (end - start), 0)
    this.#chunk = {
      from: this.#chunk?.from ?? first.zxid,
      to: last.zxid,
      bytes: (this.#chunk?.bytes ?? 0) + bytes,
    }
  }

  /** The ensemble has no more what it told behind `to` (null: anything of it): its numbers may come again for something else. */
  async takeBack(to: bigint | null): Promise<void> {
    this.#toldUpTo = this.#countedUpTo = this.#chunk = null
    this.#summaries.take()
    await this.#passing.catch(() => undefined)
    this.#unsaved = null
    if (to === null || (this.#last?.zxid ?? 0n) > to) this.#last = null
    if (to === null || (this.#base?.zxid ?? 0n) > to) this.#base = null
    const { db } = this.#context
    const { clusterId, owner, fence } = this.#claim
    await db.followChunk.deleteMany({ where: { clusterId, ...(to === null ? {} : { toZxid: { gt: to } }) } })
    // What was missed of it is nobody's past any more; the audit log has it.
    await db.followGap.deleteMany({ where: { clusterId, ...(to === null ? {} : { fromZxid: { gt: to } }) } })
    const ours = { clusterId, leaseOwner: owner, fence }
    await db.clusterFollow.updateMany({ where: ours, data: { lastZxid: to, lastTxnAt: null } })
    await db.clusterFollow.updateMany({
      where: { ...ours, ...(to === null ? {} : { baseZxid: { gt: to } }) },
      data: { baseZxid: null, baseAt: null },
    })
  }

  onBase(zxid: bigint): void {
    this.#base = { zxid, at: new Date(this.#context.clock.now()) }
    this.#changed = true
  }

  onEvent(event: FollowEvent): void {
    const { log, clock, newId } = this.#context
    const { clusterId } = this.#claim
    this.#changed = true
    switch (event.kind) {
      case 'connected':
        this.#peer = `${event.peer.host}:${event.peer.port}`
        this.#shown = event.certificate && toShown(this.#peer, event.certificate)
        this.#named = event.zxid
        this.#connectedAt = new Date(clock.now())
        this.#isSynced = false
        this.#wasDiff = event.start === 'diff'
        if (this.#held === null) this.#error = null
        if (this.#held === null) this.#move('catching-up')
        log.info({ clusterId, peer: this.#peer, start: event.start }, 'The stream of a cluster is heard')
        return
      case 'synced':
        this.#isSynced = true
        this.#held = this.#error = null
        this.#move('following')
        return
      case 'lost':
        this.#error = describeFailure(event.error, newId())
        this.#held = null
        this.#move('lost')
        log.warn(
          { clusterId, error: formatErrorLine(event.error) },
          'The stream of a cluster is lost; it is tried again',
        )
        return
      case 'digest-parted':
        this.#parted++
        log.error(
          { clusterId, zxid: event.zxid.toString(16), peer: this.#peer },
          'The digest of a server is not what its own transactions come to',
        )
        return
      case 'renewed':
        log.info(
          { clusterId, behind: formatHex64(event.behind), zxid: formatHex64(event.zxid) },
          'What is kept could not be read here: the stream goes on behind it, over a tree of the leader’s; digests are compared from there',
        )
        return
      case 'gap':
      case 'rolled-back':
      case 'base':
      case 'digest-agrees':
        return
    }
  }

  onProgress(progress: FollowProgress): void {
    const before = this.#progress
    const isNews =
      progress.zxid !== before?.zxid ||
      progress.proof?.comparedZxid !== before?.proof?.comparedZxid ||
      progress.proof?.parted?.zxid !== before?.proof?.parted?.zxid ||
      Math.round(progress.lagMs / 1000) !== Math.round((before?.lagMs ?? 0) / 1000)
    if (isNews) this.#changed = true
    const compared = progress.proof?.compared ?? 0
    // What led to the tree that this run began with was compared, and told, when it was heard; another tree counts from nothing.
    if (before === null) this.#toldCompared = Math.max(compared - Number(this.#written), 0)
    else if (compared < (before.proof?.compared ?? 0)) this.#toldCompared = 0
    this.#progress = progress
    if (progress.connected) this.#heardAt = new Date(this.#context.clock.now())
    if (this.#isSynced && progress.connected) {
      this.#move(progress.lagMs > this.#claim.lagMsMax ? 'behind' : 'following')
    }
  }

  /** Called each second. False: the row is somebody else's, or was changed, and this run must end. Throws what the database throws. */
  async write(): Promise<boolean> {
    const { db, clock } = this.#context
    const { clusterId, owner, fence, revision } = this.#claim
    const now = clock.now()
    // A clock that was set back must not keep the lease from being looked at.
    if (!this.#changed && now >= this.#writtenAt && now - this.#writtenAt < BEAT_MS) return true
    this.#changed = false
    this.#writtenAt = now
    const { data, told } = this.#toRow(now)
    const { count } = await db.clusterFollow.updateMany({
      where: { clusterId, leaseOwner: owner, fence, revision, enabled: true },
      data: { ...data, leaseUntil: new Date(now + FOLLOW_LEASE_MS) },
    })
    // What another has taken over tells by itself what came: nothing is written over.
    if (count === 0) return false
    told()
    await this.#pass(now)
    return true
  }

  /** The stream has ended: by us, so that another may go on at once, or for a reason that somebody has to look at. */
  async end(error: unknown, retryInMs: number): Promise<void> {
    const { db, clock, newId } = this.#context
    const { clusterId, owner, fence } = this.#claim
    const now = clock.now()
    const isOurs = (await db.clusterFollow.count({ where: { clusterId, leaseOwner: owner, fence } })) > 0
    if (isOurs) await this.#pass(now)
    const isByUs = error === null || (isArkeeperError(error) && error.code === 'CANCELLED')
    const heldBack = isByUs ? null : describeHeldBack(error, newId())
    this.#error = isByUs ? this.#error : (heldBack ?? describeFailure(error, newId()))
    this.#move(isByUs ? 'waiting' : heldBack === null ? 'refused' : 'held')
    if (heldBack !== null && this.#held !== null) this.#stateSince = this.#held.since
    const inMs = isByUs ? 0 : heldBack === null ? retryInMs : HELD_RETRY_MS
    const { data } = this.#toRow(now)
    await db.clusterFollow.updateMany({
      where: { clusterId, leaseOwner: owner, fence },
      data: { ...data, leaseOwner: null, leaseUntil: null, nextRunAt: new Date(now + inMs) },
    })
  }

  #move(state: FollowState): void {
    if (this.#state === state) return
    this.#state = state
    this.#stateSince = new Date(this.#context.clock.now())
    this.#changed = true
  }

  #toRow(now: number) {
    const written = this.#written
    const fresh = Math.max((this.#progress?.proof?.compared ?? 0) - this.#toldCompared, 0)
    const parted = this.#parted
    // Where nothing was written since, what the stream goes on from is what is kept: the archive's end, or a base of the whole tree.
    const held = this.#wasDiff ? (this.#progress?.zxid ?? null) : (this.#base?.zxid ?? null)
    const data = {
      state: this.#state,
      stateSince: this.#stateSince,
      peer: this.#peer,
      connectedAt: this.#connectedAt,
      error: this.#error === null ? NO_ERROR : { ...this.#error },
      rate: this.#rate(now),
      transactions: { increment: written - this.#toldWritten },
      digestCompared: { increment: BigInt(fresh) },
      digestParted: { increment: BigInt(parted) },
      ...(this.#shown === null ? {} : { peerCertificate: this.#shown }),
      ...this.#digest(now),
      ...(this.#heardAt === null ? {} : { heardAt: this.#heardAt }),
      ...(this.#progress === null ? {} : { lagMs: Math.round(this.#progress.lagMs) }),
      ...(this.#last === null && held !== null ? { lastZxid: held } : {}),
      ...(this.#last === null ? {} : { lastZxid: this.#last.zxid, lastTxnAt: this.#last.at }),
      ...(this.#base === null ? {} : { baseZxid: this.#base.zxid, baseAt: this.#base.at }),
    }
    const told = () => {
      this.#toldWritten = written
      // From where it is counted may have been found meanwhile.
      this.#toldCompared += fresh
      this.#parted -= parted
    }
    return { data, told }
  }

  #digest(now: number) {
    const proof = this.#progress?.proof
    if (!proof) return {}
    const digestAt = new Date(now)
    if (proof.parted !== null) return { digestState: 'parted', digestZxid: proof.parted.zxid, digestAt }
    // Of one that differs only the next one tells whether the tree has parted.
    if (proof.suspected !== null) return {}
    if (proof.comparedZxid !== null) return { digestState: 'equal', digestZxid: proof.comparedZxid, digestAt }
    return this.#written >= WITHOUT_DIGEST ? { digestState: 'none' } : {}
  }

  #rate(now: number): number {
    const mark = { at: now, written: this.#written }
    this.#marks = [...this.#marks.filter(({ at }) => at <= now && now - at <= RATE_MS), mark]
    const [oldest] = this.#marks
    if (oldest === undefined || oldest.at === now) return 0
    return Number(this.#written - oldest.written) / ((now - oldest.at) / 1000)
  }

  async #pass(now: number): Promise<void> {
    this.#passing = this.#tellOthers(now)
    await this.#passing
    await this.#prune(now)
  }

  /** The ring last: by its end whoever goes on after a crash knows what was told. */
  async #tellOthers(now: number): Promise<void> {
    const { db, newId } = this.#context
    const { clusterId } = this.#claim
    for (const listener of this.#listeners) await listener.flush(this.#context)
    this.#unsaved ??= this.#takeChunk(now)
    if (this.#unsaved === null) return
    const { fromZxid, ...facts } = this.#unsaved
    await db.followChunk.upsert({
      where: { clusterId_fromZxid: { clusterId, fromZxid } },
      create: { id: newId(), clusterId, fromZxid, ...facts },
      update: facts,
      select: { id: true },
    })
    this.#unsaved = null
  }

  #takeChunk(now: number): RingRow | null {
    const [chunk, page] = [this.#chunk, this.#summaries.take()]
    this.#chunk = null
    if (chunk === null || page === null) return null
    const { from, to, bytes } = chunk
    // Plain JSON, as every stored object is: a copy drops the types that say read-only.
    const summaries = structuredClone(page) as object
    return { fromZxid: from, toZxid: to, at: new Date(now), transactions: page.total, bytes, summaries }
  }

  async #prune(now: number): Promise<void> {
    const { db } = this.#context
    const { clusterId } = this.#claim
    if (now - this.#prunedAt < PRUNE_EVERY_MS && now >= this.#prunedAt) return
    this.#prunedAt = now
    const spent = await db.followChunk.findFirst({
      where: { clusterId },
      orderBy: [{ toZxid: 'desc' }, { id: 'asc' }],
      skip: CHUNKS_KEPT,
      select: { toZxid: true },
    })
    if (spent) await db.followChunk.deleteMany({ where: { clusterId, toZxid: { lte: spent.toZxid } } })
  }
}

function behind(zxid: bigint | null, entries: readonly TxnEntry[]): readonly TxnEntry[] {
  const [first] = entries
  return zxid === null || first === undefined || first.zxid > zxid ? entries : entries.filter((one) => one.zxid > zxid)
}
