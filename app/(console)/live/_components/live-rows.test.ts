import { describe, expect, test } from 'vitest'
import type { LiveTxnView } from '@/lib/services/live/views.ts'
import { addLiveRows, beforeOlder, countAbove, joinNews, type LiveRow, ROWS_MAX, toLiveRows } from './live-rows.ts'

const txn = (n: number): LiveTxnView => ({
  zxid: `0x${n.toString(16)}`,
  at: new Date(n).toISOString(),
  session: '0x1',
  type: 'setData',
  error: null,
  errorName: null,
  touched: [],
  touchedCount: 0,
  notUndoable: null,
})
const names = (rows: readonly LiveRow[]) => rows.map((row) => (row.kind === 'txn' ? row.txn.zxid : `+${row.count}`))

describe('the rows of the live page', () => {
  test('are newest first, each transaction once', () => {
    const listed = toLiveRows([txn(9), txn(8)])
    const rows = addLiveRows(listed, { transactions: [txn(8), txn(9), txn(0xa), txn(0x10)], more: 0 })
    expect(names(rows)).toEqual(['0x10', '0xa', '0x9', '0x8'])
    expect(addLiveRows(rows, { transactions: [txn(0xa)], more: 0 })).toBe(rows)
  })

  test('say how many of a moment are not listed, in one row for moments of which none is', () => {
    const rows = addLiveRows(toLiveRows([txn(1)]), { transactions: [txn(2)], more: 3 })
    expect(names(rows)).toEqual(['+3', '0x2', '0x1'])
    const later = addLiveRows(rows, { transactions: [], more: 4 })
    expect(names(later)).toEqual(['+7', '0x2', '0x1'])
    expect(names(addLiveRows(later, { transactions: [txn(9)], more: 0 }))).toEqual(['0x9', '+7', '0x2', '0x1'])
  })

  test('stay where they are while others come above them', () => {
    const before = addLiveRows(toLiveRows([txn(1)]), { transactions: [txn(2)], more: 3 })
    const joined = addLiveRows(before, { transactions: [], more: 4 })
    expect(countAbove(before, joined)).toBe(0)
    expect(countAbove(joined, addLiveRows(joined, { transactions: [txn(8), txn(9)], more: 1 }))).toBe(3)
    expect(countAbove([], before)).toBe(0)
  })

  test('go on behind the last that is listed, also where older ones were dropped', () => {
    const listed = toLiveRows([txn(9), txn(8)])
    expect(beforeOlder(listed, '0x5')).toBe('0x5')
    expect(beforeOlder(listed, null)).toBeNull()
    const many = Array.from({ length: ROWS_MAX }, (_, i) => txn(i + 100))
    const full = addLiveRows(listed, { transactions: many, more: 0 })
    expect(beforeOlder(full, null)).toBe(txn(100).zxid)
    expect(beforeOlder(full, '0x5')).toBe(txn(100).zxid)
  })

  test('are bounded, while it runs and while it is paused', () => {
    const many = Array.from({ length: ROWS_MAX + 5 }, (_, i) => txn(i + 1))
    expect(addLiveRows([], { transactions: many, more: 0 })).toHaveLength(ROWS_MAX)
    const held = joinNews({ transactions: many, more: 2 }, { transactions: [txn(9999)], more: 1 })
    expect(held.transactions).toHaveLength(ROWS_MAX)
    expect(held.more).toBe(2 + 1 + 6)
    expect(held.transactions.at(-1)?.zxid).toBe(txn(9999).zxid)
  })
})
