import { throwIfAborted } from '../../base/errors.ts'
import { TreeDigest } from '../snapshot/digest.ts'
import { copyStat, LATER_ACL, type RecordCursor } from '../snapshot/record.ts'
import type { PatchEntry } from '../znode/patch-stream.ts'
import { parentPath } from '../znode/path.ts'
import { type ReplayConflicts, TxnApplier } from './apply-txn.ts'
import { type AclCache, decodeTxn } from './decode-txn.ts'
import type { TxnEntry } from './entry.ts'
import { TxnLogError } from './errors.ts'
import { OverlayNode } from './node-store.ts'
import { Overlay } from './overlay.ts'
import type { BaseTree } from './ports.ts'
import { findLimitsPrefix, QUOTA_ROOT, QuotaBook, SubtreeCounts } from './quota-book.ts'
import { TouchedPaths } from './touched-paths.ts'
import type { DecodedTxn, Txn } from './txn.ts'

const DIGEST_VERSION = 2

export interface ReplayInput {
  readonly base: BaseTree
  /** The entries above the base's zxid, gap-free, up to the zxid wanted. Called twice: what it gives must be the same. */
  readEntries(): AsyncIterable<readonly TxnEntry[]>
  /** Zxids whose digest is wanted. */
  readonly digestsAt?: ReadonlySet<bigint>
  readonly signal?: AbortSignal
  readonly onProgress?: (applied: number) => void
}

/** The tree's digest as computed, and as the server published it for the same state. */
export interface DigestProof {
  readonly zxid: bigint
  readonly computed: bigint
  readonly expected: bigint
  readonly match: boolean
}

export interface ReplayResult {
  /** The last entry's; the base's when there was none. */
  readonly zxid: bigint
  readonly applied: number
  /** What turns the base into the tree at `zxid`: path order, each path once. */
  readonly patch: readonly PatchEntry[]
  readonly sessions: ReadonlyMap<bigint, number>
  /** Digest of the tree at `zxid`, and at each zxid that was asked for. */
  readonly treeDigest: bigint
  /** The same under UTF-8, whatever the server's charset: what a writer of the tree computes. */
  readonly utf8Digest: bigint
  readonly digests: ReadonlyMap<bigint, bigint>
  /** At `zxid`; null where no server said what it should be there, or the fuzzy window is not behind. */
  readonly digest: DigestProof | null
  /** Digests that were compared on the way, from the end of the fuzzy window on. */
  readonly compared: number
  readonly mismatches: number
  /** Where the tree first parted from what the server said; null when it never did. */
  readonly firstMismatch: bigint | null
  /** Inside the fuzzy window they are expected; outside they are damage. */
  readonly conflicts: {
    readonly inside: ReplayConflicts
    readonly outside: ReplayConflicts
    readonly firstOutside: bigint | null
  }
}

/**
 * The tree at a later zxid, without holding it: a first pass over the log finds what it touches, one over the base keeps that and sums
 * the digest of all, a second pass over the log applies it. Memory: what the log touches. The base is read a second time where it holds quotas,
 * or ephemerals of closed sessions that the log does not list.
 */
export async function replayLog(input: ReplayInput): Promise<ReplayResult> {
  const { base, signal } = input
  const acls: AclCache = new Map()
  const touched = new TouchedPaths()
  let found = 0
  for await (const batch of input.readEntries()) {
    throwIfAborted(signal)
    for (const entry of batch) touched.add(entry, decodeTxn(entry, acls).txn)
    found += batch.length
  }
  const { overlay, counts } = await readBase(base, touched)
  const quotas = new QuotaBook(overlay, counts)
  const applier = new TxnApplier(overlay, quotas, { sessions: base.sessions, closing: touched.closing })
  const judge = new DigestJudge(base, overlay)
  const inside: ReplayConflicts = { exists: 0, missing: 0 }
  let firstOutside: bigint | null = null
  let applied = 0
  let zxid = base.zxid
  const digests = new Map<bigint, bigint>()
  for await (const batch of input.readEntries()) {
    throwIfAborted(signal)
    for (const entry of batch) {
      const decoded = decodeTxn(entry, acls)
      const { exists, missing } = applier.conflicts
      applier.apply(entry, decoded.txn)
      applied++
      zxid = entry.zxid
      if (zxid <= base.windowEnd) Object.assign(inside, applier.conflicts)
      else if (exists + missing < applier.conflicts.exists + applier.conflicts.missing) firstOutside ??= zxid
      const computed = judge.see(zxid, decoded)
      if (input.digestsAt?.has(zxid)) digests.set(zxid, computed)
    }
    input.onProgress?.(applied)
  }
  if (applied !== found) {
    throw new TxnLogError('LOG_CHANGED', `the logs changed while they were read: ${found} entries, then ${applied}`, {
      unaffected: 'nothing was written',
      remedy: 'try again',
    })
  }
  const { exists, missing } = applier.conflicts
  return {
    zxid,
    applied,
    patch: overlay.patch(),
    sessions: applier.sessions,
    treeDigest: judge.computed,
    utf8Digest: overlay.digest,
    digests,
    digest: judge.proofAt(zxid),
    compared: judge.compared,
    mismatches: judge.mismatches,
    firstMismatch: judge.firstMismatch,
    conflicts: {
      inside,
      outside: { exists: exists - inside.exists, missing: missing - inside.missing },
      firstOutside,
    },
  }
}

async function readBase(base: BaseTree, touched: TouchedPaths): Promise<{ overlay: Overlay; counts: SubtreeCounts }> {
  const overlay = new Overlay(touched.paths)
  const digest = new TreeDigest()
  const counts = new SubtreeCounts(touched.counted)
  const parents = new Set<string>()
  const prefixes = new Set<string>()
  const keep = (record: RecordCursor, path: string) => overlay.addBase(toOverlayNode(record, path, base))
  const { sums } = base
  if (sums && touched.isEmpty) {
    overlay.startDigests(sums.digest, sums.ascii)
    return { overlay, counts }
  }
  await base.visit((record, path) => {
    if (!sums) digest.add(record.bytes, record)
    counts.add(path, 1, record.dataBytes)
    const owned = touched.closing.size > 0 && isOwned(record) && touched.closing.has(record.stat().ephemeralOwner)
    const isQuota = path.startsWith(QUOTA_ROOT)
    if (!owned && !isQuota && !touched.paths.has(path)) return
    keep(record, path)
    if (owned && !touched.paths.has(parentPath(path))) parents.add(parentPath(path))
    const prefix = isQuota ? findLimitsPrefix(path) : null
    if (prefix !== null && !counts.has(prefix)) prefixes.add(prefix)
  })
  if (parents.size + prefixes.size > 0) {
    for (const path of parents) touched.paths.add(path)
    const more = new SubtreeCounts(prefixes)
    await base.visit((record, path) => {
      more.add(path, 1, record.dataBytes)
      if (parents.has(path)) keep(record, path)
    })
    counts.merge(more)
  }
  overlay.startDigests(sums?.digest ?? digest.value(), sums?.ascii ?? digest.asciiValue())
  return { overlay, counts }
}

function isOwned(record: RecordCursor): boolean {
  const at = record.statAt + 44
  return record.bytes.readInt32BE(at) !== 0 || record.bytes.readInt32BE(at + 4) !== 0
}

function toOverlayNode(record: RecordCursor, path: string, base: BaseTree): OverlayNode {
  const data = record.data()
  return new OverlayNode(path, {
    data: data === null ? null : Buffer.from(data),
    acl: base.acls.at(record.bytes, record.aclAt) ?? LATER_ACL,
    stat: copyStat(record.stat()),
  })
}

/**
 * Holds the overlay's digest against what the server wrote after each transaction, in either charset. A running server notes a transaction
 * as its last one after it has changed the tree (DataTree.processTxn, 3.6 to 3.9), so its snapshot may hold a part of the one behind the
 * window's end: a digest that differs there alone, and matches after the next transaction, is no fault of the file.
 */
class DigestJudge {
  compared = 0
  #mismatches = 0
  #firstMismatch: bigint | null = null
  /** The digest at the window's end differed, and the next one is not known yet. */
  #edge: bigint | null = null
  readonly #base: BaseTree
  readonly #overlay: Overlay
  /** What the server said of the present state; null where it did not. */
  #expected: bigint | null = null

  constructor(base: BaseTree, overlay: Overlay) {
    this.#base = base
    this.#overlay = overlay
    if (base.digest?.zxid === base.zxid && base.zxid === base.windowEnd) this.#compare(base.zxid, base.digest.value)
  }

  /** In the charset that the server uses, where that can be told. */
  get computed(): bigint {
    return this.#expected === this.#overlay.asciiDigest ? this.#overlay.asciiDigest : this.#overlay.digest
  }

  /** Takes note of an entry that was just applied; gives the digest of the tree. */
  see(zxid: bigint, { txn, digest }: DecodedTxn): bigint {
    if (digest !== null && digest.version === DIGEST_VERSION) {
      if (zxid >= this.#base.windowEnd) this.#compare(zxid, digest.value)
      else this.#expected = digest.value
    } else if (changesTree(txn)) {
      this.#expected = null
    }
    return this.computed
  }

  proofAt(zxid: bigint): DigestProof | null {
    if (this.#expected === null || zxid < this.#base.windowEnd) return null
    const { computed } = this
    return { zxid, computed, expected: this.#expected, match: computed === this.#expected }
  }

  get mismatches(): number {
    return this.#mismatches + (this.#edge === null ? 0 : 1)
  }

  /** Where the tree first parted from what the server said. */
  get firstMismatch(): bigint | null {
    return this.#edge ?? this.#firstMismatch
  }

  #compare(zxid: bigint, expected: bigint): void {
    this.#expected = expected
    this.compared++
    const matches = this.computed === expected
    if (this.#edge !== null) {
      if (!matches) {
        this.#mismatches++
        this.#firstMismatch = this.#edge
      }
      this.#edge = null
    }
    if (matches) return
    if (zxid === this.#base.windowEnd) this.#edge = zxid
    else {
      this.#mismatches++
      this.#firstMismatch ??= zxid
    }
  }
}

function changesTree(txn: Txn): boolean {
  if (txn.kind === 'multi') return !txn.failed
  return txn.kind !== 'error' && txn.kind !== 'check' && txn.kind !== 'createSession'
}
