import { rm } from 'node:fs/promises'
import type { FollowHolding, FollowSink } from '../../adapters/archive/live/follow-sink.ts'
import type { LiveBase, LiveProof, LiveTree, LiveTreePort } from '../../adapters/archive/live/live-tree.ts'
import type { ObserverStart } from '../../adapters/zookeeper/observer.ts'
import type { Clock } from '../../base/clock.ts'
import { CancelledError, throwIfAborted } from '../../base/errors.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import type { FollowEvent, FollowLimits } from './follow.ts'
import type { Likeness } from './follow-gaps.ts'

const NOTHING = { transactions: 0, bytes: 0, atMs: null }

/** The tree that a stream has come to, and when a new base of it is due. */
export class FollowState {
  readonly #trees: LiveTreePort
  readonly #clock: Clock
  readonly #sink: FollowSink
  readonly #limits: FollowLimits
  readonly #onEvent: (event: FollowEvent) => void
  #tree: LiveTree | null = null
  /** What the tree of before comes to by what comes: where it is the same, nothing lay in between. */
  #former: LiveTree | null = null
  /** The base below it is in the sink, or one that leads to it. */
  #isKept = false
  #isSettled = false
  /** Of what was applied behind the last base. `atMs`: when the first of it came, or was made where it was here already; null: nothing was. */
  #since: { transactions: number; bytes: number; atMs: number | null } = NOTHING
  #isRestoring = false
  #parted: bigint | null = null
  #basing: Promise<void> | null = null
  #baseFailure: unknown = null

  constructor(
    ports: { readonly liveTrees: LiveTreePort; readonly clock: Clock },
    sink: FollowSink,
    limits: FollowLimits,
    onEvent: (event: FollowEvent) => void,
  ) {
    this.#trees = ports.liveTrees
    this.#clock = ports.clock
    this.#sink = sink
    this.#limits = limits
    this.#onEvent = onEvent
  }

  get zxid(): bigint | null {
    return this.#tree?.zxid ?? null
  }
  get proof(): LiveProof | null {
    return this.#tree?.proof ?? null
  }
  get znodes(): number | null {
    return this.#tree?.znodes ?? null
  }
  get isKept(): boolean {
    return this.#isKept
  }

  /** From the newest sound base, with the logs behind it; nothing, where they do not lead to what is held last. */
  async restore(holding: FollowHolding, signal: AbortSignal): Promise<void> {
    try {
      await this.#restore(holding, signal)
    } finally {
      await holding.release?.()
    }
  }

  async #restore(holding: FollowHolding, signal: AbortSignal): Promise<void> {
    await this.close()
    this.#isKept = holding.bases.length > 0
    for (const { path, zxid } of holding.bases) {
      throwIfAborted(signal)
      const tree = await this.#open({ path, zxid, window: 'file' }).catch((error: unknown) => {
        // As a server does: the next older.
        if (!(error instanceof SnapshotError)) throw error
        return null
      })
      if (tree === null) continue
      this.#tree = tree
      await holding.release?.()
      this.#isSettled = true
      const reader = new HistoryReader(holding.logs, { after: zxid, to: null, signal })
      this.#isRestoring = true
      for await (const batch of reader.readEntries()) {
        await this.apply(batch)
        if (tree.heldBytes > this.#limits.heldBytes) await tree.relieve()
      }
      this.#isRestoring = false
      if (tree.zxid !== holding.last) await this.close()
      return
    }
  }

  /** The leader's whole tree takes the place of whatever there was, which is kept to be compared where that is wanted. */
  async begin(start: Extract<ObserverStart, { kind: 'snapshot' }>, { isToCompare }: { isToCompare: boolean }) {
    await this.settle()
    const former = isToCompare ? this.#takeFormer() : null
    await this.close()
    this.#former = former
    this.#tree = await this.#open({ path: start.file, zxid: start.zxid, window: 'open' })
    await rm(start.file, { force: true })
    this.#isSettled = false
    this.#isKept = false
  }

  async apply(entries: readonly TxnEntry[]): Promise<void> {
    const tree = this.#tree
    if (tree === null || entries.length === 0) return
    await tree.apply(entries)
    await this.#applyToFormer(entries)
    this.#count(entries)
    this.#tellOfDigest(tree)
  }

  /** All that the leader had when we came has been applied. Says whether the tree is what the one before has come to. */
  async endWindow(): Promise<Likeness> {
    this.#tree?.endWindow()
    this.#isSettled = true
    const former = this.#former
    if (former === null || this.#tree === null) return 'unknown'
    const likeness = former.digest === this.#tree.digest ? 'same' : 'other'
    await this.#closeFormer()
    return likeness
  }

  /** What the sink kept is gone. */
  needsBase(): void {
    this.#isKept = false
  }

  /** Begins to write a new base where one is due, and frees memory where too much is held. */
  async considerBase(): Promise<void> {
    const tree = this.#tree
    if (this.#baseFailure !== null) throw this.#baseFailure
    if (tree === null || !this.#isSettled) return
    const isWanted = !this.#isKept || (this.#isDue(tree) && isSound(tree.proof))
    if (isWanted && this.#basing === null) this.#basing = this.#rebase(tree)
    if (tree.heldBytes > this.#limits.heldBytes) await tree.relieve()
  }

  /** Waits for the base that is being written. */
  async settle(): Promise<void> {
    await this.#basing
    if (this.#baseFailure !== null) throw this.#baseFailure
  }

  async close(): Promise<void> {
    await this.#basing
    await this.#closeFormer()
    await this.#tree?.close()
    this.#tree = null
    this.#since = NOTHING
    this.#parted = null
  }

  async #applyToFormer(entries: readonly TxnEntry[]): Promise<void> {
    const former = this.#former
    if (former === null) return
    try {
      await former.apply(entries)
      if (former.heldBytes > this.#limits.heldBytes) await former.relieve()
    } catch (error) {
      if (error instanceof CancelledError) throw error
      // It is only compared: what cannot be made of it is not known.
      await this.#closeFormer()
    }
  }

  /** A tree that came whole and was lost before all of it was here is the leader's: what is compared stays the one before it. */
  #takeFormer(): LiveTree | null {
    let former = this.#former
    this.#former = null
    if (this.#isSettled && this.#tree !== null && isSound(this.#tree.proof)) {
      former = this.#tree
      this.#tree = null
    }
    return former
  }

  async #closeFormer(): Promise<void> {
    const former = this.#former
    this.#former = null
    await former?.close()
  }

  #count(entries: readonly TxnEntry[]): void {
    const { transactions, atMs } = this.#since
    let { bytes } = this.#since
    for (const { start, end } of entries) bytes += end - start
    const now = this.#clock.now()
    const firstMs = this.#isRestoring ? Math.min(entries[0]?.timeMs ?? now, now) : now
    this.#since = { transactions: transactions + entries.length, bytes, atMs: atMs ?? firstMs }
  }

  #isDue(tree: LiveTree): boolean {
    const { baseLogBytes, baseTransactions, baseMs } = this.#limits
    const { transactions, bytes, atMs } = this.#since
    if (atMs !== null && this.#clock.now() - atMs >= baseMs) return true
    return transactions >= baseTransactions || bytes >= Math.max(baseLogBytes, 2 * tree.baseBytes)
  }

  async #rebase(tree: LiveTree): Promise<void> {
    const keep = async (base: LiveBase) => {
      await this.#sink.base(base)
      this.#isKept = true
      const { zxid, bytes, znodes } = base
      this.#onEvent({ kind: 'base', zxid, bytes, znodes })
    }
    try {
      this.#since = NOTHING
      await tree.rebase({ keep })
    } catch (error) {
      this.#baseFailure = error
    } finally {
      this.#basing = null
    }
  }

  #open(input: { path: string; zxid: bigint; window: 'open' | 'file' }): Promise<LiveTree> {
    return this.#trees.open({ ...input, scratchDir: this.#sink.scratchDir })
  }

  #tellOfDigest({ proof, zxid }: LiveTree): void {
    const parted = proof.parted?.zxid ?? null
    if (parted === this.#parted) return
    this.#parted = parted
    if (proof.parted !== null) this.#onEvent({ kind: 'digest-parted', ...proof.parted })
    else this.#onEvent({ kind: 'digest-agrees', zxid: proof.comparedZxid ?? zxid })
  }
}

/** A base of a tree that is not what the server says would only hide since when. */
function isSound({ parted, suspected, conflicts }: LiveProof): boolean {
  return parted === null && suspected === null && conflicts === 0
}
