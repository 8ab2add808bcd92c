import { findGap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { visitTouched } from '../../domain/txnlog/visit-touched.ts'
import { openLogs } from '../logs/cluster-logs.ts'
import type { PieceContext } from '../logs/fetch-piece.ts'
import { logFolder } from '../logs/log-folder.ts'
import { readTails } from '../logs/read-tails.ts'

/** With more than this to look at, comparing all of it anew is as quick. */
const PATHS_MAX = 5_000
const ENTRIES_MAX = 200_000

export interface TouchedSince {
  /** As the log has them. */
  readonly paths: ReadonlySet<string>
  /** The last transaction that was read, and when it was made; null: there is none behind `zxid`. */
  readonly last: { readonly zxid: bigint; readonly timeMs: number } | null
}

/** What was touched behind a zxid, by the kept log. Null where that cannot be told: transactions are missing, or there are too many. */
export async function readTouchedSince(
  context: PieceContext,
  cluster: { readonly id: string; readonly name: string },
  zxid: bigint,
): Promise<TouchedSince | null> {
  const paths = new Set<string>()
  let last: { zxid: bigint; timeMs: number } | null = null
  let count = 0
  for await (const batch of readSince(context, cluster, zxid)) {
    for (const entry of batch) {
      if (entry.zxid <= zxid) continue
      if (findGap(last?.zxid ?? zxid, entry) !== null) return null
      last = { zxid: entry.zxid, timeMs: entry.timeMs }
      visitTouched(entry, (bytes, from, to) => paths.add(bytes.toString('utf8', from, to)))
    }
    count += batch.length
    if (paths.size > PATHS_MAX || count > ENTRIES_MAX) return null
  }
  return { paths, last }
}

async function* readSince(
  context: PieceContext,
  cluster: { readonly id: string; readonly name: string },
  zxid: bigint,
): AsyncGenerator<readonly TxnEntry[], void, void> {
  const { signal } = context
  // Before the pieces: what is put into one meanwhile is then found in both.
  const tails = await context.archives.logs.tails(logFolder(context, cluster.name))
  const logs = await openLogs(context, cluster)
  const { segments } = logs.archived
  for (const segment of segments) {
    if (segment.last > zxid) yield* logs.read(segment, { from: zxid + 1n, signal })
  }
  const archived = segments.at(-1)?.last ?? null
  yield* readTails(tails, { after: archived !== null && archived > zxid ? archived : zxid, signal })
}
