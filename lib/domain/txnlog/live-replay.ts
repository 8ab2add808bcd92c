import { parentPath } from '../znode/path.ts'
import { TxnApplier } from './apply-txn.ts'
import type { AclCache } from './decode-txn.ts'
import { DigestWatch } from './digest-watch.ts'
import type { TxnEntry } from './entry.ts'
import type { EphemeralBook } from './ephemeral-book.ts'
import type { LiveOverlay } from './live-overlay.ts'
import { QuotaBook, type SubtreeCounts } from './quota-book.ts'
import { TouchedPaths } from './touched-paths.ts'
import type { DecodedTxn } from './txn.ts'

const DIGEST_VERSION = 2

export interface LiveReplayInput {
  /** With the digests of the whole tree, and all that lies below /zookeeper/quota. */
  readonly overlay: LiveOverlay
  /** Of every quota in the tree. */
  readonly counts: SubtreeCounts
  readonly sessions: ReadonlyMap<bigint, number>
  readonly ephemerals: EphemeralBook
  readonly zxid: bigint
  /** Up to there entries meet what they already did; null: until `endWindow`. */
  readonly windowEnd: bigint | null
}

/** What must be at hand before a batch is applied. */
export interface BatchNeeds {
  readonly paths: ReadonlySet<string>
  /** Paths whose subtree must be counted. */
  readonly counted: ReadonlySet<string>
}

/** Applies a stream entry by entry over a tree that is never whole in memory, and holds each digest against it. */
export class LiveReplay {
  readonly watch = new DigestWatch()
  readonly acls: AclCache = new Map()
  zxid: bigint
  readonly #input: LiveReplayInput
  readonly #applier: TxnApplier
  #windowEnd: bigint | null
  /** Inside of the window they are no damage. */
  #conflictsInside = 0
  /** What the server said after the last entry of the window. */
  #edge: { readonly zxid: bigint; readonly expected: bigint } | null = null

  constructor(input: LiveReplayInput) {
    this.#input = input
    this.zxid = input.zxid
    this.#windowEnd = input.windowEnd
    const { overlay, counts, sessions, ephemerals } = input
    this.#applier = new TxnApplier(overlay, new QuotaBook(overlay, counts), { sessions, ephemerals })
  }

  get sessions(): ReadonlyMap<bigint, number> {
    return this.#applier.sessions
  }

  /** Outside of the window. */
  get conflicts(): number {
    return this.#met - this.#conflictsInside
  }

  get isInWindow(): boolean {
    return this.#windowEnd === null || this.zxid < this.#windowEnd
  }

  needsOf(entries: readonly TxnEntry[], decoded: readonly DecodedTxn[]): BatchNeeds {
    const touched = new TouchedPaths()
    for (const [i, entry] of entries.entries()) touched.add(entry, decoded[i]!.txn)
    for (const session of touched.closing) {
      for (const path of this.#input.ephemerals.listOf(session)) {
        touched.paths.add(path)
        touched.paths.add(parentPath(path))
      }
    }
    return touched
  }

  /** What `needsOf` said of it must be in the overlay. */
  apply(entry: TxnEntry, { txn, digest }: DecodedTxn): void {
    this.#applier.apply(entry, txn)
    const { zxid } = entry
    this.zxid = zxid
    const expected = digest?.version === DIGEST_VERSION ? digest.value : null
    if (this.#windowEnd === null || zxid < this.#windowEnd) {
      this.#conflictsInside = this.#met
      this.#edge = expected === null ? null : { zxid, expected }
      return
    }
    if (zxid === this.#windowEnd) this.#conflictsInside = this.#met
    if (expected !== null) this.#compare(zxid, expected)
  }

  /** What was applied so far was the window. */
  endWindow(): void {
    if (this.#windowEnd !== null) return
    this.#windowEnd = this.zxid
    if (this.#edge !== null) this.#compare(this.#edge.zxid, this.#edge.expected)
  }

  get #met(): number {
    const { exists, missing } = this.#applier.conflicts
    return exists + missing
  }

  #compare(zxid: bigint, expected: bigint): void {
    const { overlay } = this.#input
    this.watch.see(zxid, expected, { computed: overlay.digest, ascii: overlay.asciiDigest })
  }
}
