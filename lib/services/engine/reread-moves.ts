import type { ClusterConnection, MoveFeed } from '../../adapters/zookeeper/connection.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { type PatchEntry, sortPatch } from '../../domain/znode/patch-stream.ts'
import { isWithin, parentPath, ROOT } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, Znode } from '../../domain/znode/znode.ts'

const ROUNDS_MAX = 5
/** Beyond this the cluster moves faster than it can be read again, and the patch would not fit in memory. */
const MOVED_MAX = 100_000
const READ_AT_ONCE = 1000

export interface MovesReread {
  /** In path order: what each moved path holds now. */
  readonly patch: readonly PatchEntry[]
  readonly unreadable: readonly UnreadableZnode[]
  /** Every path that moved, in path order. */
  readonly moved: readonly string[]
  /** False when the feed broke or there were too many: then `moved` is not the whole list. */
  readonly movedKnown: boolean
  /** True when nothing moved during the last re-read: data and structure are those at `to`. */
  readonly settled: boolean
  /** The zxid up to which the content was followed. */
  readonly to: bigint
}

/**
 * Reads again what moved while the tree was read, and what moved meanwhile, until nothing does (at most 5 rounds).
 * Whether that proves one state is for the ledger to say: README.md, "When a walk is exact".
 */
export async function rereadMoves(input: {
  readonly connection: ClusterConnection
  readonly feed: MoveFeed
  readonly roots: readonly string[]
  /** Oldest and newest zxid of the walk's replies. */
  readonly from: bigint
  readonly to: bigint
  /** Paths whose data the server changes without an event: quota counters. */
  readonly silent: readonly string[]
  readonly ledger: ZxidLedger
  readonly signal?: AbortSignal
  readonly onRound?: (facts: { moved: number; round: number }) => void
}): Promise<MovesReread> {
  const { connection, feed, roots, signal, ledger } = input
  const isInside = (path: string) => roots.some((root) => isWithin(path, root))
  const moved = new Set<string>()
  const readings = new Map<string, ZnodeReading>()
  let to = input.to
  let settled = false
  let broken = feed.armedAt > input.from

  let drained = await feed.drain({ signal })
  for (let round = 1; ; round++) {
    if (drained === null) {
      broken = true
      break
    }
    if (drained.upTo > to) to = drained.upTo
    for (const path of drained.moved) moved.add(path)
    if (round > 1 && drained.moved.length === 0) {
      settled = true
      break
    }
    if (broken || round > ROUNDS_MAX || moved.size > MOVED_MAX) break

    input.onRound?.({ moved: moved.size, round })
    // A create or delete changes its parent's pzxid and child counter, for which a recursive watch tells nothing.
    const paths = new Set<string>(input.silent)
    for (const path of drained.moved) {
      paths.add(path)
      const parent = parentPath(path)
      if (isInside(parent)) paths.add(parent)
    }
    // The feed has a session of its own, maybe at another server: this one must not read what is older than the feed.
    await connection.sync(ROOT)
    await readAgain(connection, [...paths].sort(comparePaths), readings, ledger, signal)
    drained = await feed.drain({ signal })
  }

  const entries: PatchEntry[] = []
  const unreadable: UnreadableZnode[] = []
  for (const [path, reading] of readings) {
    if (reading.kind === 'found') entries.push({ path, znode: reading.znode })
    else if (reading.kind === 'missing') entries.push({ path, znode: null })
    else unreadable.push({ path, reason: reading.reason, message: reading.message })
  }
  const movedKnown = !broken && moved.size <= MOVED_MAX
  return {
    patch: sortPatch(entries),
    unreadable,
    moved: [...moved].sort(comparePaths),
    movedKnown,
    settled: settled && movedKnown,
    to,
  }
}

async function readAgain(
  connection: ClusterConnection,
  paths: readonly string[],
  readings: Map<string, ZnodeReading>,
  ledger: ZxidLedger,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < paths.length; start += READ_AT_ONCE) {
    const some = paths.slice(start, start + READ_AT_ONCE)
    const answers = await connection.readMany(some, { signal })
    some.forEach((path, i) => {
      const answer = answers[i]
      if (!answer) return
      readings.set(path, answer)
      if (answer.kind === 'found') ledger.note(answer.znode)
    })
  }
}

/** Which transactions of a window were seen on a znode. What was not may be anything: a session, or a setACL that no watch tells of. */
export class ZxidLedger {
  readonly #after: bigint
  readonly #seen = new Set<bigint>()

  constructor(after: bigint) {
    this.#after = after
  }

  note(znode: Znode): void {
    const { czxid, mzxid, pzxid } = znode.stat
    if (this.#seen.size > MOVED_MAX) return
    if (mzxid > this.#after) this.#seen.add(mzxid)
    if (pzxid > this.#after) this.#seen.add(pzxid)
    if (czxid > this.#after) this.#seen.add(czxid)
  }

  /** True when each zxid in (from, to] was seen: then every one of them is a create, delete or setData (or a multi of such). */
  accountsFor(from: bigint, to: bigint): boolean {
    if (from === to) return true
    // Another epoch starts with a jump of the number: what a new leader did in between cannot be counted.
    if (from >> 32n !== to >> 32n || to - from > BigInt(MOVED_MAX) || from < this.#after) return false
    for (let zxid = from + 1n; zxid <= to; zxid++) if (!this.#seen.has(zxid)) return false
    return true
  }
}
