import type { LiveTxnView } from '@/lib/services/live/views.ts'

/** Newest first. `more`: transactions of the same moment as those below it that are not listed one by one. */
export type LiveRow =
  | { readonly kind: 'txn'; readonly txn: LiveTxnView }
  | { readonly kind: 'more'; readonly key: string; readonly count: number }

/** Kept on the page: a browser draws those on screen, and remembers the rest. */
export const ROWS_MAX = 2_000

export interface LiveNews {
  /** Oldest first, as they came. */
  readonly transactions: readonly LiveTxnView[]
  readonly more: number
}

export function toLiveRows(transactions: readonly LiveTxnView[]): LiveRow[] {
  return transactions.map((txn) => ({ kind: 'txn', txn }))
}

/** What is listed already is passed over: the stream begins where the list ended, or a little before. */
export function addLiveRows(rows: readonly LiveRow[], { transactions, more }: LiveNews): readonly LiveRow[] {
  const newest = newestOf(rows)
  const fresh = newest === null ? transactions : transactions.filter(({ zxid }) => BigInt(zxid) > newest)
  const [first] = rows
  if (fresh.length === 0 && more === 0) return rows
  // Moments of which nothing is listed are one row.
  if (fresh.length === 0 && first?.kind === 'more') return [{ ...first, count: first.count + more }, ...rows.slice(1)]
  const key = `more ${fresh.at(-1)?.zxid ?? newest ?? ''}`
  const marker: LiveRow[] = more > 0 ? [{ kind: 'more', key, count: more }] : []
  return [...marker, ...toLiveRows(fresh.toReversed()), ...rows].slice(0, ROWS_MAX)
}

/** Where the older ones go on: behind the list, also where its end was dropped for the newest. */
export function beforeOlder(rows: readonly LiveRow[], next: string | null): string | null {
  const last = rows.findLast((row) => row.kind === 'txn')
  if (last === undefined || rows.length < ROWS_MAX) return next
  return next === null || BigInt(last.txn.zxid) > BigInt(next) ? last.txn.zxid : next
}

/** How many rows came above what was the first one: so far is the list moved, for whoever reads on further down. */
export function countAbove(before: readonly LiveRow[], after: readonly LiveRow[]): number {
  const [first] = before
  if (first === undefined) return 0
  const at = after.findIndex((row) => keyOf(row) === keyOf(first))
  return Math.max(at, 0)
}

export function keyOf(row: LiveRow): string {
  return row.kind === 'txn' ? row.txn.zxid : row.key
}

function newestOf(rows: readonly LiveRow[]): bigint | null {
  for (const row of rows) if (row.kind === 'txn') return BigInt(row.txn.zxid)
  return null
}

/** Held while the page is paused: as if it had all come at once. */
export function joinNews(held: LiveNews, news: LiveNews): LiveNews {
  const transactions = [...held.transactions, ...news.transactions]
  const over = Math.max(transactions.length - ROWS_MAX, 0)
  return { transactions: transactions.slice(over), more: held.more + news.more + over }
}
