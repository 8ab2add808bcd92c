import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64 } from '../../../base/hex64.ts'
import { copyStat, LATER_ACL, type RecordCursor } from '../../../domain/snapshot/record.ts'
import { decodeTxn } from '../../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../../domain/txnlog/entry.ts'
import type { EphemeralBook } from '../../../domain/txnlog/ephemeral-book.ts'
import { LiveOverlay } from '../../../domain/txnlog/live-overlay.ts'
import { LiveReplay } from '../../../domain/txnlog/live-replay.ts'
import { OverlayNode } from '../../../domain/txnlog/node-store.ts'
import { findLimitsPrefix, QUOTA_ROOT, SubtreeCounts } from '../../../domain/txnlog/quota-book.ts'
import { isWithin } from '../../../domain/znode/path.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { ArchiveError, toArchiveError } from '../errors.ts'
import { type LoadedSnapshot, loadSnapshotFile } from '../open-archive.ts'
import { detectCompression, readSnapshotBytes } from '../snapshot-file.ts'
import { sortSnapshot } from '../sort-snapshot.ts'
import { tempName } from '../temp-dir.ts'
import { AclBook } from './acl-book.ts'
import { RUN_BYTES } from './body-index.ts'
import type { LiveProof, LiveTree, LiveTreePort, OpenLiveTree } from './live-tree.ts'
import { mergeBody } from './merge-body.ts'
import { ReadBuffers } from './read-buffers.ts'
import { SpillRun } from './spill-run.ts'
import { surveyBody, type TreeBody } from './tree-body.ts'

/** Memory of the paths of what was spilled, and the number of runs, beyond which they are put into a new base. */
const RUNS_BYTES_MAX = 16 << 20
const RUNS_MAX = 24
/** Entries that are decoded and brought in at a time: what lives no longer than that costs next to nothing. */
const PORTION = 200

const isQuota = (path: string) => isWithin(path, QUOTA_ROOT)

export const createLiveTrees = (): LiveTreePort => ({ open: openLiveTree })

async function openLiveTree(input: OpenLiveTree): Promise<LiveTree> {
  const { path, zxid, signal } = input
  const loaded = await load(path, signal)
  const { source, index, head, tail } = loaded
  try {
    const quotas: OverlayNode[] = []
    const lists = head.acls.withLater()
    const toNode = (record: RecordCursor, at: string) => toOverlayNode(record, at, lists)
    const facts = await surveyBody(
      source,
      index.blocks,
      (record, at) => {
        if (isQuota(at)) quotas.push(toNode(record, at))
      },
      signal,
    )
    const { body, usedAcls } = facts
    const overlay = new LiveOverlay()
    overlay.startDigests(facts.digest, facts.asciiDigest)
    for (const node of quotas) overlay.adopt(node.path, node)
    const counts = await countQuotas(body, quotas)
    const highest = [...usedAcls].reduce((a, b) => (b > a ? b : a), 0n)
    const digest = tail.digest !== null && tail.digest.zxid !== 0n ? tail.digest.zxid : null
    const told = tail.lastZxid ?? digest ?? facts.lastChange
    const replay = new LiveReplay({
      overlay,
      counts,
      sessions: head.sessions,
      ephemerals: facts.ephemerals,
      zxid,
      windowEnd: input.window === 'open' ? null : told > zxid ? told : zxid,
    })
    const fileBytes = index.tail.offset + index.tail.length
    const acls = new AclBook(head.acls.entries(), highest)
    const { scratchDir } = input
    return new FileLiveTree(
      { scratchDir, znodes: body.znodes, acls, overlay, counts, replay, ephemerals: facts.ephemerals },
      { body, usedAcls, baseBytes: fileBytes },
    )
  } catch (error) {
    await source.close()
    throw toArchiveError(error, `reading ${path}`)
  }
}

/** Plain and in path order, whatever it is: a file of ours as it lies, any other through a temporary one without a name. */
async function load(path: string, signal: AbortSignal | undefined): Promise<LoadedSnapshot> {
  const compression = await detectCompression(path)
  if (compression === 'none') return loadSnapshotFile(path, 'none', signal)
  return sortSnapshot(readSnapshotBytes(path, compression), { signal })
}

async function countQuotas(body: TreeBody, quotas: readonly OverlayNode[]): Promise<SubtreeCounts> {
  const prefixes = quotas.flatMap((node) => findLimitsPrefix(node.path) ?? [])
  const counts = new SubtreeCounts(prefixes)
  for (const prefix of new Set(prefixes)) {
    const one = new SubtreeCounts([prefix])
    await body.visitSubtree(prefix, (record, path) => one.add(path, 1, record.dataBytes))
    counts.merge(one)
  }
  return counts
}

function toOverlayNode(
  record: RecordCursor,
  path: string,
  acls: { at(bytes: Buffer, position: number): OverlayNode['acl'] | undefined },
): OverlayNode {
  const data = record.data()
  return new OverlayNode(path, {
    data: data === null ? null : Buffer.from(data),
    acl: acls.at(record.bytes, record.aclAt) ?? LATER_ACL,
    stat: copyStat(record.stat()),
  })
}

interface FirstBase {
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  readonly baseBytes: number
}

interface Parts {
  readonly scratchDir: string
  readonly znodes: number
  readonly acls: AclBook
  readonly overlay: LiveOverlay
  readonly counts: SubtreeCounts
  readonly replay: LiveReplay
  readonly ephemerals: EphemeralBook
}

class FileLiveTree implements LiveTree {
  readonly #parts: Parts
  #body: TreeBody
  #usedAcls: ReadonlySet<bigint>
  #baseBytes: number
  /** Oldest first, above the base. */
  #runs: readonly SpillRun[] = []
  readonly #buffers = new ReadBuffers(RUN_BYTES)
  #rebasing: Promise<void> | null = null
  #failure: unknown = null
  /** Who works on the overlay, the runs and the base now; they are changed only between two of them. */
  #turn: Promise<unknown> = Promise.resolve()
  #spilling: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: Parts, { body, usedAcls, baseBytes }: FirstBase) {
    this.#parts = parts
    this.#body = body
    this.#usedAcls = usedAcls
    this.#baseBytes = baseBytes
  }

  get zxid(): bigint {
    return this.#parts.replay.zxid
  }
  get digest(): bigint {
    return this.#parts.overlay.digest
  }
  get znodes(): number {
    // Counted from the first base on.
    return this.#parts.znodes + this.#parts.overlay.more
  }
  get baseBytes(): number {
    return this.#baseBytes
  }
  get heldBytes(): number {
    return this.#parts.overlay.heldBytes
  }

  get proof(): LiveProof {
    const { watch, conflicts } = this.#parts.replay
    const { compared, comparedZxid, parted, suspected, odd } = watch
    return { compared, comparedZxid, parted, suspected, odd, conflicts }
  }

  endWindow(): void {
    this.#parts.replay.endWindow()
  }

  apply(entries: readonly TxnEntry[]): Promise<void> {
    return this.#inTurn(async () => {
      const { replay } = this.#parts
      const fresh = entries.filter((entry) => entry.zxid > replay.zxid || isRepeat(entry, replay.zxid))
      for (let at = 0; at < fresh.length; at += PORTION) await this.#applyPortion(fresh.slice(at, at + PORTION))
    })
  }

  async #applyPortion(entries: readonly TxnEntry[]): Promise<void> {
    const { replay } = this.#parts
    const decoded = entries.map((entry) => decodeTxn(entry, replay.acls))
    const needs = replay.needsOf(entries, decoded)
    await this.#bringIn(needs.paths)
    for (const prefix of needs.counted) await this.#count(prefix)
    for (let i = 0; i < entries.length; i++) replay.apply(entries[i]!, decoded[i]!)
  }

  read(paths: readonly string[]): Promise<(Znode | null)[]> {
    return this.#inTurn(async () => {
      const { overlay } = this.#parts
      const found = await this.#findBelow(paths.filter((path) => overlay.find(path) === undefined))
      return paths.map((path) => {
        const node = overlay.find(path)
        return (node === undefined ? found.get(path) : node)?.toZnode() ?? null
      })
    })
  }

  async relieve(): Promise<void> {
    this.#throwIfFailed()
    await this.#spill()
    const bytes = () => this.#runs.reduce((sum, run) => sum + run.heldBytes, 0)
    if (bytes() > RUNS_BYTES_MAX || this.#runs.length > RUNS_MAX) {
      this.#rebasing ??= this.#rebase({}).catch((error: unknown) => {
        this.#failure = error
      })
    }
    if (bytes() > 2 * RUNS_BYTES_MAX || this.#runs.length > 2 * RUNS_MAX) await this.#rebasing
    this.#throwIfFailed()
  }

  async rebase(options: Parameters<LiveTree['rebase']>[0]): Promise<void> {
    await this.#rebasing
    this.#throwIfFailed()
    const rebasing = this.#rebase(options)
    this.#rebasing = rebasing.catch(() => undefined)
    await rebasing
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#rebasing
    await this.#spilling
    await this.#inTurn(async () => {
      for (const one of [this.#body, ...this.#runs]) await one.close()
    })
  }

  async #rebase({ keep, signal }: Parameters<LiveTree['rebase']>[0]): Promise<void> {
    const { acls, scratchDir } = this.#parts
    const path = this.#newPath()
    try {
      const spilled = await this.#spill()
      const { zxid, digest, sessions, owners, runs } = spilled
      const input = { body: this.#body, usedAcls: this.#usedAcls, runs, acls, sessions, owners, path, signal }
      const merged = await mergeBody(input)
      try {
        if (merged.digest !== digest) throw notAsReplayed(zxid, merged.digest, digest)
        await keep?.({ zxid, path, bytes: merged.bytes, znodes: merged.body.znodes, digest })
      } catch (error) {
        await merged.body.close()
        throw error
      }
      await this.#inTurn(async () => {
        const former = [this.#body, ...runs]
        this.#body = merged.body
        this.#usedAcls = merged.usedAcls
        this.#baseBytes = merged.bytes
        this.#runs = this.#runs.slice(runs.length)
        acls.keepOnly(new Set([this.#usedAcls, ...this.#runs.map((run) => run.usedAcls)].flatMap((ids) => [...ids])))
        for (const one of former) await one.close()
      })
    } catch (error) {
      throw toArchiveError(error, `writing a new base into ${scratchDir}`)
    } finally {
      this.#rebasing = null
      await rm(path, { force: true })
    }
  }

  /** Takes what was touched out of memory. Gives the tree as it was at that moment, and the runs that lead to it. */
  #spill() {
    const spilling = this.#spilling.then(async () => {
      const { overlay, acls, replay, ephemerals, scratchDir } = this.#parts
      const frozen = await this.#inTurn(async () => ({
        zxid: replay.zxid,
        digest: overlay.digest,
        touched: overlay.freeze(isQuota),
        sessions: new Map(replay.sessions),
        owners: [...ephemerals.owners()],
      }))
      try {
        const run =
          frozen.touched.size > 0
            ? await SpillRun.write(this.#newPath(), frozen.touched, { acls, buffers: this.#buffers })
            : null
        return await this.#inTurn(async () => {
          if (run !== null) this.#runs = [...this.#runs, run]
          overlay.thaw()
          return { ...frozen, runs: this.#runs }
        })
      } catch (error) {
        await this.#inTurn(async () => overlay.unfreeze())
        throw toArchiveError(error, `writing into ${scratchDir}`)
      }
    })
    this.#spilling = spilling.catch(() => undefined)
    return spilling
  }

  async #bringIn(paths: Iterable<string>): Promise<void> {
    const { overlay } = this.#parts
    const missing = overlay.bringIn(paths)
    if (missing.length === 0) return
    const found = await this.#findBelow(missing)
    for (const path of missing) overlay.adopt(path, found.get(path) ?? null)
  }

  /** Of what is not in memory: those that exist. */
  async #findBelow(paths: readonly string[]): Promise<Map<string, OverlayNode>> {
    const found = new Map<string, OverlayNode>()
    const take = (record: RecordCursor, path: string) => found.set(path, this.#toNode(record, path))
    let left = paths
    for (const run of this.#runs.toReversed()) {
      const known = new Map<string, number>()
      left = left.filter((path) => {
        const number = run.numberOf(path)
        if (number !== undefined && !run.isGone(number)) known.set(path, number)
        return number === undefined
      })
      await run.read(known, take)
    }
    await this.#body.find(left, take)
    return found
  }

  /** Znodes at and below a path whose quota is being made, as they are before the batch that makes it. */
  async #count(prefix: string): Promise<void> {
    const { overlay, counts } = this.#parts
    if (counts.has(prefix)) return
    const one = new SubtreeCounts([prefix])
    const isAbove = (path: string) =>
      overlay.find(path) !== undefined || this.#runs.some((run) => run.numberOf(path) !== undefined)
    await this.#body.visitSubtree(prefix, (record, path) => {
      if (!isAbove(path)) one.add(path, 1, record.dataBytes)
    })
    const spilled = this.#runs
      .flatMap((run) => run.pathsWithin(prefix))
      .filter((path) => overlay.find(path) === undefined)
    for (const node of (await this.#findBelow([...new Set(spilled)])).values()) one.add(node.path, 1, node.dataBytes)
    for (const node of overlay.nodes()) if (isWithin(node.path, prefix)) one.add(node.path, 1, node.dataBytes)
    counts.merge(one)
  }

  #toNode(record: RecordCursor, path: string): OverlayNode {
    return toOverlayNode(record, path, this.#parts.acls)
  }

  #newPath(): string {
    return join(/* turbopackIgnore: true */ this.#parts.scratchDir, tempName())
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

/** How servers log a malformed request. */
const isRepeat = (entry: TxnEntry, last: bigint) => entry.zxid === last && entry.type === -1

function notAsReplayed(zxid: bigint, written: bigint, replayed: bigint): ArchiveError {
  return new ArchiveError(
    'READ_BACK_FAILED',
    `the tree at ${formatHex64(zxid)} was written with the digest ${formatHex64(written)}, by its transactions it is ${formatHex64(replayed)}`,
    {
      unaffected: 'no base was kept; what was received is in the log',
      remedy: 'check disk and memory of this host',
    },
  )
}
