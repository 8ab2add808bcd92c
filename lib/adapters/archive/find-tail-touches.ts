import { findGap } from '../../domain/txnlog/continuity.ts'
import { type AclCache, decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { visitTouched } from '../../domain/txnlog/visit-touched.ts'
import type { FoundTouches, LogArchivePort, Touch } from './log-archive.ts'
import { readTails } from './log-tail.ts'

type Asked = Parameters<LogArchivePort['findTouches']>[2]

/** What the tails hold: touches of one path, oldest first, and from where to where they go. */
export interface TailTouches {
  readonly touches: readonly Touch[]
  readonly first: { readonly zxid: bigint; readonly type: number } | null
  readonly last: { readonly zxid: bigint; readonly timeMs: number } | null
}

/** Reads the tails to their end: they are short, and have no index. */
export async function findTailTouches(
  tails: readonly LogSource[],
  path: string,
  { before, signal }: Asked,
): Promise<TailTouches> {
  const wanted = Buffer.from(path)
  const acls: AclCache = new Map()
  const touches: Touch[] = []
  let first: TailTouches['first'] = null
  let last: TailTouches['last'] = null
  for await (const batch of readTails(tails, signal)) {
    for (const entry of batch) {
      const { zxid } = entry
      first ??= { zxid, type: entry.type }
      // Of a holder that was taken over by another, two tails hold the same.
      if (last !== null && zxid <= last.zxid) continue
      last = { zxid, timeMs: entry.timeMs }
      const isAsked = before === undefined || before === null || zxid < before
      if (isAsked && doesTouch(entry, wanted)) touches.push(copyOf(entry, acls))
    }
  }
  return { touches, first, last }
}

/** Newest first, at most `limit`: what the pieces hold as well counts once. */
export function joinTouches(open: TailTouches, pieces: FoundTouches, { before, limit }: Asked): FoundTouches {
  const { first, last } = open
  if (first === null || last === null) return pieces
  const { reach } = pieces
  const fresh = open.touches.filter(({ zxid }) => reach === null || zxid > reach.last).toReversed()
  const touches = [...fresh, ...pieces.touches]
  const isCut = touches.length > limit
  const isBehind = reach !== null && last.zxid > reach.last
  const isAsked = before === undefined || before === null || before > first.zxid
  const gap = isAsked && isBehind && first.zxid > reach.last ? findGap(reach.last, first) : null
  return {
    touches: touches.slice(0, limit),
    breaks: gap ? [{ ...gap, problem: null }, ...pieces.breaks] : pieces.breaks,
    next: isCut ? (touches[limit - 1]?.zxid ?? null) : pieces.next,
    reach: {
      first: reach?.first ?? first.zxid,
      last: reach === null || isBehind ? last.zxid : reach.last,
      lastTimeMs: reach === null || isBehind ? last.timeMs : reach.lastTimeMs,
    },
  }
}

function doesTouch(entry: TxnEntry, path: Buffer): boolean {
  let found = false
  visitTouched(entry, (bytes, from, to) => {
    found ||= to - from === path.length && bytes.compare(path, 0, path.length, from, to) === 0
  })
  return found
}

/** What is kept must not hold all that was read. */
function copyOf(entry: TxnEntry, acls: AclCache): Touch {
  const copy = TxnEntry.fromBytes(Buffer.from(entry.buffer.subarray(entry.start, entry.end)))
  return { zxid: copy.zxid, entry: copy, txn: decodeTxn(copy, acls).txn }
}
