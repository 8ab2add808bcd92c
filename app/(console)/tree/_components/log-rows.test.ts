import { describe, expect, it } from 'vitest'
import type { LogBreakView, ZnodeTransactionView } from '@/lib/services/logs/views.ts'
import { toLogRows } from './log-rows.ts'

const transaction = (zxid: string): ZnodeTransactionView => ({
  zxid,
  at: '2026-01-01T00:00:00.000Z',
  session: '0x1',
  did: ['data'],
  multiOps: null,
  before: { kind: 'absent' },
  after: { kind: 'absent' },
})
const gap = (after: string, before: string): LogBreakView => ({ after, before, problem: null })
const told = (pages: Parameters<typeof toLogRows>[0]) =>
  toLogRows(pages).map((row) => (row.kind === 'break' ? `gap ${row.missing.after}` : row.transaction.zxid))

describe('the rows of a log', () => {
  it('have what is missing where it is missing, once', () => {
    const pages = [
      { transactions: [transaction('0x100'), transaction('0x30')], breaks: [gap('0x40', '0x90')] },
      { transactions: [transaction('0x9')], breaks: [gap('0x40', '0x90'), gap('0x10', '0x20'), gap('0x1', '0x5')] },
    ]
    expect(told(pages)).toEqual(['0x100', 'gap 0x40', '0x30', 'gap 0x10', '0x9', 'gap 0x1'])
  })

  it('may be gaps alone, or nothing', () => {
    expect(told([{ transactions: [], breaks: [gap('0x1', '0x5')] }])).toEqual(['gap 0x1'])
    expect(told([])).toEqual([])
  })
})
