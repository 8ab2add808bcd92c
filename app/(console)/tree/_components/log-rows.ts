import type { LogBreakView, ZnodeTransactionsView, ZnodeTransactionView } from '@/lib/services/logs/views.ts'

export type LogRow =
  | { readonly kind: 'transaction'; readonly transaction: ZnodeTransactionView }
  | { readonly kind: 'break'; readonly missing: LogBreakView }

/** Transactions of all pages, newest first, and between them what is missing; two pages may tell the same break. */
export function toLogRows(pages: readonly Pick<ZnodeTransactionsView, 'transactions' | 'breaks'>[]): LogRow[] {
  const transactions = pages.flatMap((page) => page.transactions)
  const breaks = new Map(pages.flatMap((page) => page.breaks).map((each) => [`${each.after} ${each.before}`, each]))
  const left = [...breaks.values()].sort((a, b) => (BigInt(a.before) > BigInt(b.before) ? -1 : 1))
  const rows: LogRow[] = []
  for (const transaction of transactions) {
    while (left[0] && BigInt(transaction.zxid) < BigInt(left[0].before)) {
      rows.push({ kind: 'break', missing: left[0] })
      left.shift()
    }
    rows.push({ kind: 'transaction', transaction })
  }
  return [...rows, ...left.map((missing) => ({ kind: 'break', missing }) as const)]
}
