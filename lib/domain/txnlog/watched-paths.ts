import type { TxnEntry } from './entry.ts'
import { findTypeName } from './txn.ts'
import { visitTouched } from './visit-touched.ts'

/** Paths of one hit that are named. */
export const HIT_PATHS_MAX = 5

export interface WatchedPath {
  readonly id: string
  /** The subtree, as the log has it: a chroot is part of it. */
  readonly path: string
}

/** What was written at or below one watched path since it was asked last. */
export interface WatchedHit {
  readonly id: string
  /** Transactions. */
  readonly count: number
  readonly first: { readonly zxid: bigint; readonly timeMs: number }
  readonly last: {
    readonly zxid: bigint
    readonly timeMs: number
    readonly session: bigint
    /** As ZooKeeper's sources name it. */
    readonly type: string
  }
  /** The first of them, in the order in which they were written. */
  readonly paths: readonly string[]
}

interface Watching {
  readonly id: string
  readonly prefix: Buffer
  count: number
  first: WatchedHit['first']
  last: WatchedHit['last']
  paths: Set<string>
  seen: bigint
}

const SLASH = 0x2f
const NEVER = -1n

/**
 * Holds a stream against watched subtrees. Compares bytes, so that what nobody watches costs next to nothing; memory: a few paths for each
 * that is watched.
 */
export class PathWatcher {
  readonly #watching: Watching[]

  constructor(paths: readonly WatchedPath[]) {
    this.#watching = paths.map(({ id, path }) => {
      const prefix = Buffer.from(path === '/' ? '' : path)
      return { id, prefix, ...nothing() }
    })
  }

  /** Throws TxnLogError BAD_RECORD. */
  add(entries: readonly TxnEntry[]): void {
    if (this.#watching.length === 0) return
    for (const entry of entries) {
      visitTouched(entry, (bytes, from, to) => {
        for (const watching of this.#watching)
          if (isBelow(watching.prefix, bytes, from, to)) note(watching, entry, bytes, from, to)
      })
    }
  }

  /** Hits since the last time, each watched path at most once. */
  take(): WatchedHit[] {
    const hits: WatchedHit[] = []
    for (const watching of this.#watching) {
      if (watching.count === 0) continue
      const { id, count, first, last, paths } = watching
      hits.push({ id, count, first, last, paths: [...paths] })
      Object.assign(watching, nothing())
    }
    return hits
  }
}

function nothing() {
  const none = { zxid: 0n, timeMs: 0 }
  return { count: 0, first: none, last: { ...none, session: 0n, type: '' }, paths: new Set<string>(), seen: NEVER }
}

function note(watching: Watching, entry: TxnEntry, bytes: Buffer, from: number, to: number): void {
  const { zxid, timeMs, session } = entry
  if (watching.paths.size < HIT_PATHS_MAX) watching.paths.add(bytes.toString('utf8', from, to))
  // A multi is one hit, however many of its parts lie there.
  if (watching.seen === zxid) return
  watching.seen = zxid
  if (watching.count === 0) watching.first = { zxid, timeMs }
  watching.count++
  watching.last = { zxid, timeMs, session, type: findTypeName(entry.type) ?? String(entry.type) }
}

function isBelow(prefix: Buffer, bytes: Buffer, from: number, to: number): boolean {
  const end = from + prefix.length
  if (end > to) return false
  if (end < to && prefix.length > 0 && bytes[end] !== SLASH) return false
  return bytes.compare(prefix, 0, prefix.length, from, end) === 0
}
