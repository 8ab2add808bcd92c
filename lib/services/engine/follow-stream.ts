import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { FollowHolding, GapReason } from '../../adapters/archive/live/follow-sink.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import type { ObserverSession } from '../../adapters/zookeeper/observer.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { epochOf, findGap, type Gap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { DEFAULT_LIMITS, type FollowInput, type FollowLimits, type FollowOutcome, type FollowPorts } from './follow.ts'
import { behind, missing, nothingThere, notWhole } from './follow-faults.ts'
import { FollowGaps } from './follow-gaps.ts'
import { FollowState } from './follow-state.ts'
import { blame } from './not-a-tree.ts'
import { type Renewed, renewTree } from './renew-tree.ts'
import { WorkLine } from './work-line.ts'

const PROGRESS_MS = 1000
/** What a wait may mend. */
const PASSING: readonly string[] = ['NO_LEADER', 'REFUSED', 'CLOSED', 'LOST', 'TOO_SLOW', 'PROTOCOL']
/** For so many tries in a row, the first two once we were let in: a member that gives up leading may look the same. */
const CLOSED_DOOR: readonly string[] = ['SASL_REQUIRED', 'TLS_FAULT', 'CLOSED']
const CLOSED_DOORS_MAX = 10
/** A leader that breaks the protocol so often in a row will go on to. */
const PROTOCOL_FAULTS_MAX = 5
/** So many members in a row, in about a quarter of a minute, must say that they have not what was heard before that is believed. */
const BEHIND_MAX = 6

/**
 * Keeps a sink what the ensemble is, until it is told to stop: a base, then every transaction in order, each once, each checked by its digest over
 * the tree that they come to. What is written does not wait for what is checked, nor for new bases. Throws ObserverError, ArchiveError,
 * CancelledError; whatever ends it, what came is flushed.
 */
export async function followStream(ports: FollowPorts, input: FollowInput): Promise<FollowOutcome> {
  const follower = new Follower(ports, input)
  try {
    return await follower.run()
  } finally {
    await follower.close()
  }
}

class Follower {
  readonly #ports: FollowPorts
  readonly #input: FollowInput
  readonly #limits: FollowLimits
  readonly #state: FollowState
  readonly #ended = new AbortController()
  #session: ObserverSession | null = null
  /** Of the last transaction in the sink, or of what it begins behind. */
  #last: bigint | null = null
  /** The same, where this session brought it. */
  #brought: bigint | null = null
  readonly #gaps: FollowGaps
  /** A session of this run has told all that was missing. */
  #hasFollowed = false
  #shortBy: GapReason | undefined
  /** The tree is ahead of what is written, and whole when that has come to here. */
  #wholeAt: bigint | null = null
  #transactions = 0
  #bytes = 0
  #timeMs: number | null = null
  #wasConnected = false
  #isSynced = false
  /** Members in a row that had not what was heard before. */
  #behind = 0
  /** When all that the leader had named was here. */
  #levelAt: number
  #flushing: Promise<void> | null = null
  #flushFailure: unknown = null

  constructor(ports: FollowPorts, input: FollowInput) {
    this.#ports = ports
    this.#input = input
    this.#limits = { ...DEFAULT_LIMITS, ...input.limits }
    this.#state = new FollowState(ports, input.sink, this.#limits, (event) => input.onEvent?.(event))
    this.#gaps = new FollowGaps(input.sink, (event) => input.onEvent?.(event))
    this.#levelAt = ports.clock.now()
    input.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  async run(): Promise<FollowOutcome> {
    await this.#takeUp(await this.#input.sink.open())
    const reporting = this.#input.onProgress ? this.#report(this.#input.onProgress) : undefined
    try {
      await this.#keepOn()
      await this.#state.settle()
      await this.#flush()
    } finally {
      this.#ended.abort()
      await reporting
    }
    const { zxid, znodes, proof } = this.#state
    return { zxid, transactions: this.#transactions, gaps: this.#gaps.count, znodes, proof }
  }

  async close(): Promise<void> {
    this.#input.signal?.removeEventListener('abort', this.#onAbort)
    this.#ended.abort()
    await this.#session?.close()
    await this.#flushing
    await this.#state.close()
    await this.#input.sink.close()
  }

  readonly #onAbort = () => {
    this.#ended.abort()
    void this.#session?.close()
  }

  async #keepOn(): Promise<void> {
    const [first, longest] = this.#limits.backOffMs
    let attempt = 0
    let protocolFaults = 0
    let closedDoors = 0
    const { until } = this.#input
    if (until !== undefined && (this.#state.zxid ?? -1n) >= until) return
    for (;;) {
      throwIfAborted(this.#input.signal)
      if (this.#flushFailure !== null) throw this.#flushFailure
      this.#isSynced = false
      this.#brought = null
      try {
        if ((await this.#listen()) === 'done') return
      } catch (error) {
        throwIfAborted(this.#input.signal)
        if (this.#isSynced) attempt = protocolFaults = closedDoors = 0
        if (isArkeeperError(error) && error.code === 'PROTOCOL') protocolFaults++
        if (isArkeeperError(error) && CLOSED_DOOR.includes(error.code)) closedDoors++
        if (!this.#isPassing(error) || protocolFaults >= PROTOCOL_FAULTS_MAX) throw error
        if (closedDoors >= CLOSED_DOORS_MAX) throw error
        const retryInMs = Math.min(first * 2 ** attempt++, longest)
        this.#input.onEvent?.({ kind: 'lost', error, retryInMs })
        await this.#wait(retryInMs)
      }
    }
  }

  #isPassing(error: unknown): boolean {
    if (!(error instanceof ObserverError)) return false
    const isPassing = PASSING.includes(error.code)
    if (this.#wasConnected) return isPassing || CLOSED_DOOR.includes(error.code)
    if (this.#input.retry === 'always') return isPassing
    // What lies in the sink was heard there: the addresses were right, and are away together.
    if (this.#last !== null) return error.code !== 'PROTOCOL' && (isPassing || CLOSED_DOOR.includes(error.code))
    return isPassing && error.code !== 'PROTOCOL' && error.details?.isSilent !== true
  }

  /** One session: until all is done, or it is to be begun anew. Throws what ended it. */
  async #listen(): Promise<'done' | 'again'> {
    const { target, sink } = this.#input
    const open = async (from: bigint, options: { readonly acceptSnapshot?: false } = {}) => {
      const [{ scratchDir }, backlogBytesMax, { signal }] = [sink, this.#limits.backlogBytes, this.#ended]
      const asked = { ...options, from, scratchDir, backlogBytesMax, signal }
      this.#session = await this.#ports.observers.open(target, asked)
      return this.#session
    }
    const { session, from } = await this.#goOn(open)
    try {
      this.#wasConnected = true
      const { peer, certificate = null, epoch, start } = session
      this.#input.onEvent?.({ kind: 'connected', peer, certificate, epoch, start: start.kind, zxid: start.zxid })
      const line = new WorkLine(this.#limits.pendingBytes, () => void session.close())
      try {
        return (await this.#begin(session, line)) ? await this.#pass(session, line, from) : 'again'
      } finally {
        // What was written is applied before anything else is done with the tree.
        await line.drain()
      }
    } finally {
      this.#session = null
      await session.close()
      if (session.start.kind === 'snapshot') await rm(session.start.file, { force: true })
    }
  }

  async #goOn(open: Parameters<typeof renewTree>[0]): Promise<Pick<Renewed, 'session' | 'from'>> {
    const [held, last] = [this.#state.zxid, this.#last]
    if (this.#isRestoredBehind(last)) {
      // What is kept is a past that nobody has any more: it is neither gone on from nor taken back.
      await this.#state.settle()
      await this.#state.close()
      return { session: await open(0n), from: 0n }
    }
    if (held === null && last !== null && last > 0n) {
      const onTree = (wholeAt: bigint) => {
        this.#wholeAt = wholeAt
        this.#input.onEvent?.({ kind: 'renewed', behind: last, zxid: wholeAt })
      }
      this.#wholeAt = null
      return renewTree(open, this.#state, { last, onTree })
    }
    // What is written and not applied comes again, and is passed over by the sink; what a new tree is ahead of is still to be written.
    const from = held !== null && last !== null && last < held ? last : (held ?? 0n)
    return { session: await open(from), from }
  }

  /** False: nothing here can be gone on from. */
  async #begin(session: ObserverSession, line: WorkLine): Promise<boolean> {
    const { sink } = this.#input
    const { start } = session
    if (start.kind === 'diff') {
      if (this.#state.zxid !== null) return true
      throw nothingThere(session.peer)
    }
    if (start.kind === 'truncate') {
      const from = this.#last ?? 0n
      this.#assertNotBehind(session, start.zxid)
      // A base that is being written may be what is left.
      await this.#state.settle()
      await this.#takeUp(await sink.rollBack(start.zxid))
      this.#input.onEvent?.({ kind: 'rolled-back', from, to: start.zxid })
      return this.#last === start.zxid && this.#state.zxid === start.zxid
    }
    if (this.#last !== null && start.zxid > this.#last) {
      await this.#gaps.note({ last: this.#last, to: start.zxid, why: this.#whyBehind(), atMs: this.#ports.clock.now() })
    }
    const isToCompare = this.#gaps.isInDoubt
    if (this.#last === null || start.zxid > this.#last) this.#last = start.zxid
    await line.push(0, () => this.#state.begin(start, { isToCompare }).catch(blame(session.peer)))
    return true
  }

  #isRestoredBehind(last: bigint | null): boolean {
    return last !== null && last === this.#input.restoredBehind
  }

  /** As far as it is known here: where we had nothing to go on from, it was no leader that forgot. */
  #whyBehind(): GapReason {
    if (this.#isRestoredBehind(this.#last)) return 'restored'
    if (this.#hasFollowed) return this.#state.zxid === null ? 'lost-here' : 'forgotten'
    if (this.#shortBy !== undefined) return this.#shortBy
    return this.#state.zxid === null ? 'lost-here' : 'away'
  }

  async #pass(session: ObserverSession, line: WorkLine, from: bigint): Promise<'done' | 'again'> {
    const { start } = session
    const { until } = this.#input
    // Before, a base may come to lie behind it, and what leads to the base is wanted.
    const isWhole = start.kind !== 'snapshot' && this.#wholeAt === null
    const mayEnd = () => until !== undefined && (this.#isSynced || isWhole)
    let seen = start.kind === 'diff' ? from : start.zxid
    for await (const batch of session.transactions()) {
      const entries = mayEnd() ? batch.entries.filter(({ zxid }) => zxid <= until!) : batch.entries
      seen = entries.at(-1)?.zxid ?? seen
      await this.#write(entries, batch.receivedAt)
      const isFirstSync = batch.synced && !this.#isSynced
      if (isFirstSync) {
        if (this.#last !== null && seen < this.#last) {
          this.#assertNotBehind(session, seen)
          await this.#startOver(seen, line)
        }
        this.#behind = 0
        this.#isSynced = true
        await this.#assertWhole(seen)
      }
      await line.push(bytesOf(entries), () => this.#work(session, entries, isFirstSync))
      if (mayEnd() && seen >= until!) return 'done'
    }
    return 'again'
  }

  /**
   * Committed transactions are not lost while the epoch lasts: a follower that lags says the same as an ensemble that was rolled back, and so
   * does a former leader that nobody follows any more.
   */
  #assertNotBehind({ peer, epoch }: ObserverSession, zxid: bigint): void {
    const last = this.#last ?? 0n
    if (epoch > epochOf(last) || ++this.#behind > BEHIND_MAX) return
    throw behind(peer, { zxid, last })
  }

  /** A tree that was fetched by itself is of a leader that this one must know all of. */
  async #assertWhole(seen: bigint): Promise<void> {
    const wholeAt = this.#wholeAt
    this.#wholeAt = null
    if (wholeAt === null || seen >= wholeAt) return
    await this.#state.close()
    throw notWhole(wholeAt)
  }

  async #write(entries: readonly TxnEntry[], receivedAt: number): Promise<void> {
    if (this.#flushFailure !== null) throw this.#flushFailure
    const fresh: TxnEntry[] = []
    let [last, brought] = [this.#last, this.#brought]
    let gap: Gap | null = null
    for (const entry of entries) {
      const { zxid } = entry
      if (last !== null && zxid <= last && !isRepeat(entry, brought)) continue
      gap = last === null ? null : findGap(last, entry)
      if (gap !== null) break
      last = brought = zxid
      fresh.push(entry)
    }
    if (fresh.length > 0) await this.#keep(fresh, receivedAt)
    if (gap !== null) throw missing(gap)
  }

  async #keep(fresh: readonly TxnEntry[], receivedAt: number): Promise<void> {
    await this.#input.sink.append(fresh)
    this.#last = this.#brought = fresh.at(-1)!.zxid
    this.#transactions += fresh.length
    this.#bytes += bytesOf(fresh)
    this.#input.onWritten?.(fresh, receivedAt)
    this.#flushing ??= this.#flushSoon()
  }

  async #work(session: ObserverSession, entries: readonly TxnEntry[], isFirstSync: boolean): Promise<void> {
    await this.#state.apply(entries)
    const newest = entries.at(-1)
    if (newest) this.#timeMs = newest.timeMs
    if (isFirstSync) {
      await this.#gaps.settle(await this.#state.endWindow())
      this.#hasFollowed = true
      if (this.#state.zxid !== null) this.#input.onEvent?.({ kind: 'synced', zxid: this.#state.zxid })
    }
    await this.#state.considerBase()
    if ((this.#state.zxid ?? -1n) >= session.heard.zxid) this.#levelAt = this.#ports.clock.now()
  }

  /** The ensemble has not what it once told: what we hold is the past of another one now. */
  async #startOver(seen: bigint, line: WorkLine): Promise<void> {
    await line.drain()
    await this.#state.settle()
    const from = this.#last ?? 0n
    const { gaps } = await this.#input.sink.rollBack(null)
    this.#gaps.takeUp(gaps)
    this.#last = seen
    this.#state.needsBase()
    this.#input.onEvent?.({ kind: 'rolled-back', from, to: null })
  }

  /** The state that the sink's content comes to; without one the whole tree is asked for. */
  async #takeUp(holding: FollowHolding): Promise<void> {
    let held = holding
    // Nothing can be replayed without a base: the first one was not written yet.
    if (held.bases.length === 0 && held.last !== null && held.isSealed !== true)
      held = await this.#input.sink.rollBack(null)
    this.#last = held.last
    this.#gaps.takeUp(held.gaps)
    this.#shortBy = held.shortBy
    await this.#state.restore(held, this.#ended.signal)
  }

  async #flushSoon(): Promise<void> {
    await this.#wait(this.#limits.flushMs)
    this.#flushing = null
    try {
      await this.#input.sink.flush()
    } catch (error) {
      this.#flushFailure = error
      // Nothing more may come for long: who listens is not to believe that all is kept.
      void this.#session?.close()
    }
  }

  async #flush(): Promise<void> {
    await this.#flushing
    await this.#input.sink.flush()
    if (this.#flushFailure !== null) throw this.#flushFailure
  }

  async #report(tell: NonNullable<FollowInput['onProgress']>): Promise<void> {
    let before = { transactions: 0, bytes: 0 }
    for (;;) {
      await this.#wait(PROGRESS_MS)
      if (this.#ended.signal.aborted) return
      const { zxid, proof, znodes } = this.#state
      const heard = this.#session?.heard.zxid ?? null
      const now = this.#ports.clock.now()
      const isLevel = heard !== null && this.#isSynced && zxid !== null && zxid >= heard
      if (isLevel) this.#levelAt = now
      const [transactions, bytes] = [this.#transactions, this.#bytes]
      tell({
        zxid,
        timeMs: this.#timeMs,
        connected: this.#session !== null,
        lagMs: isLevel ? 0 : Math.max(0, now - this.#levelAt),
        transactions,
        lately: { transactions: transactions - before.transactions, bytes: bytes - before.bytes },
        proof,
        gaps: this.#gaps.count,
        znodes,
      })
      before = { transactions, bytes }
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#ended
    await (this.#ports.wait ?? waitFor)(ms, signal)
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/** How servers log a malformed request: under the number of the one before. */
const isRepeat = (entry: TxnEntry, former: bigint | null) => entry.zxid === former && entry.type === TXN_TYPE.error

function bytesOf(entries: readonly TxnEntry[]): number {
  let bytes = 0
  for (const { start, end } of entries) bytes += end - start
  return bytes
}
