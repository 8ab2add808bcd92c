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
import type { LiveBase, LiveProof, LiveTree, LiveTreePort, OpenLiveTree } from './live-tree.ts'
import { mergeBody } from './merge-body.ts'
import { surveyBody, type TreeBody } from './tree-body.ts'

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
    return new FileLiveTree({
      scratchDir: input.scratchDir,
      name: path,
      body,
      usedAcls,
      baseBytes: fileBytes,
      acls: new AclBook(head.acls.entries(), highest),
      overlay,
      counts,
      replay,
      ephemerals: facts.ephemerals,
    })
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

interface Parts {
  readonly scratchDir: string
  readonly name: string
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  readonly baseBytes: number
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
  #rebasing: Promise<void> | null = null
  /** Who works on the overlay and the base now; a base is changed only between two of them. */
  #turn: Promise<unknown> = Promise.resolve()
  #znodes: number
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#body = parts.body
    this.#usedAcls = parts.usedAcls
    this.#baseBytes = parts.baseBytes
    this.#znodes = parts.body.znodes
  }

  get zxid(): bigint {
    return this.#parts.replay.zxid
  }
  get znodes(): number {
    return this.#znodes + this.#parts.overlay.more
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
      if (fresh.length === 0) return
      const decoded = fresh.map((entry) => decodeTxn(entry, replay.acls))
      const needs = replay.needsOf(fresh, decoded)
      await this.#bringIn(needs.paths)
      for (const prefix of needs.counted) await this.#count(prefix)
      for (let i = 0; i < fresh.length; i++) replay.apply(fresh[i]!, decoded[i]!)
    })
  }

  read(paths: readonly string[]): Promise<(Znode | null)[]> {
    return this.#inTurn(async () => {
      const { overlay } = this.#parts
      const found = new Map<string, OverlayNode>()
      const missing = paths.filter((path) => overlay.find(path) === undefined)
      await this.#body.find(missing, (record, path) => found.set(path, this.#toNode(record, path)))
      return paths.map((path) => (overlay.find(path) ?? found.get(path) ?? null)?.toZnode() ?? null)
    })
  }

  async rebase(options: {
    readonly keep?: (base: LiveBase) => Promise<void>
    readonly signal?: AbortSignal
  }): Promise<void> {
    if (this.#rebasing !== null) throw new ArchiveError('CLOSED', 'a new base is being written already')
    this.#rebasing = this.#rebase(options)
    try {
      await this.#rebasing
    } finally {
      this.#rebasing = null
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#rebasing?.catch(() => undefined)
    await this.#inTurn(() => this.#body.close())
  }

  async #rebase({ keep, signal }: Parameters<LiveTree['rebase']>[0]): Promise<void> {
    const { overlay, acls, replay, ephemerals, scratchDir } = this.#parts
    const path = join(/* turbopackIgnore: true */ scratchDir, tempName())
    const frozen = await this.#inTurn(async () => ({
      zxid: replay.zxid,
      digest: overlay.digest,
      touched: overlay.freeze(isQuota),
      sessions: new Map(replay.sessions),
      owners: [...ephemerals.owners()],
    }))
    const { zxid, digest, touched, sessions, owners } = frozen
    try {
      const input = { body: this.#body, usedAcls: this.#usedAcls, touched, acls, sessions, owners, path, signal }
      const merged = await mergeBody(input)
      try {
        if (merged.digest !== digest) throw notAsReplayed(zxid, merged.digest, digest)
        await keep?.({ zxid, path, bytes: merged.bytes, znodes: merged.body.znodes, digest })
      } catch (error) {
        await merged.body.close()
        throw error
      }
      await this.#inTurn(async () => {
        const former = this.#body
        this.#body = merged.body
        this.#usedAcls = merged.usedAcls
        this.#baseBytes = merged.bytes
        this.#znodes = merged.body.znodes
        acls.keepOnly(merged.usedAcls)
        overlay.thaw()
        await former.close()
      })
    } catch (error) {
      await this.#inTurn(async () => overlay.unfreeze())
      throw toArchiveError(error, `writing a new base into ${scratchDir}`)
    } finally {
      await rm(path, { force: true })
    }
  }

  async #bringIn(paths: Iterable<string>): Promise<void> {
    const { overlay } = this.#parts
    const missing = overlay.bringIn(paths)
    if (missing.length === 0) return
    const found = new Map<string, OverlayNode>()
    await this.#body.find(missing, (record, path) => found.set(path, this.#toNode(record, path)))
    for (const path of missing) overlay.adopt(path, found.get(path) ?? null)
  }

  /** Znodes at and below a path whose quota is being made, as they are before the batch that makes it. */
  async #count(prefix: string): Promise<void> {
    const { overlay, counts } = this.#parts
    if (counts.has(prefix)) return
    const one = new SubtreeCounts([prefix])
    await this.#body.visitSubtree(prefix, (record, path) => {
      if (overlay.find(path) === undefined) one.add(path, 1, record.dataBytes)
    })
    for (const node of overlay.nodes()) if (isWithin(node.path, prefix)) one.add(node.path, 1, node.dataBytes)
    counts.merge(one)
  }

  #toNode(record: RecordCursor, path: string): OverlayNode {
    return toOverlayNode(record, path, this.#parts.acls)
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
