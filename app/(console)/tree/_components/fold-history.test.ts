import { describe, expect, test } from 'vitest'
import type { HistoryChange, HistoryEntryView, HistoryReadingView } from '@/lib/services/tree/views.ts'
import { findNewestDifference, foldHistory, toPoints } from './fold-history.ts'

const found = { kind: 'found', dataLength: 1, version: 0, aversion: 0, mtime: 0, mzxid: '0x1', czxid: '0x1' } as const
const failed = { kind: 'failed', message: 'it is gone' } as const
const changed = { kind: 'changed', fields: ['data'] } as const

function entry(backupId: string, kind: HistoryChange['kind'], reading: HistoryReadingView = found): HistoryEntryView {
  const change = kind === 'changed' ? changed : { kind }
  const facts = { takenAt: '2026-01-01T00:00:00.000Z', zxid: '0x1', isSafety: false, isPartial: false, note: '' }
  return { backupId, ...facts, reading, change }
}

const page = (entries: HistoryEntryView[], live: HistoryChange['kind'] | null = null) => ({
  clusterId: 'c1',
  entries,
  live: live && { reading: found, change: live === 'changed' ? changed : { kind: live } },
})
const refsOf = (...pages: ReturnType<typeof page>[]) =>
  foldHistory(toPoints(pages)).map((run) => run.points.map((point) => point.ref.replace('backup:', '')).join(' '))

describe('foldHistory', () => {
  test('makes one run of equal neighbours, also across pages', () => {
    expect(
      refsOf(page([entry('d', 'same'), entry('c', 'changed'), entry('b', 'same')]), page([entry('a', 'oldest')])),
    ).toEqual(['d c', 'b a'])
  })

  test('gives a run the change of its oldest, where it came to be so', () => {
    const [run] = foldHistory(toPoints([page([entry('b', 'same'), entry('a', 'changed')])]))
    expect(run?.change).toEqual(changed)
  })

  test('keeps live alone, and what cannot be read', () => {
    expect(refsOf(page([entry('c', 'same'), entry('b', 'unknown', failed), entry('a', 'oldest')], 'same'))).toEqual([
      'live:c1',
      'c',
      'b',
      'a',
    ])
  })

  test('of nothing is nothing', () => {
    expect(foldHistory([])).toEqual([])
  })
})

describe('findNewestDifference', () => {
  const of = (...pages: ReturnType<typeof page>[]) => findNewestDifference(foldHistory(toPoints(pages)))

  test('is the newest change, older on the left', () => {
    expect(of(page([entry('b', 'same'), entry('a', 'oldest')], 'changed'))).toEqual({
      left: 'backup:b',
      right: 'live:c1',
    })
    expect(of(page([entry('c', 'same'), entry('b', 'appeared'), entry('a', 'oldest')], 'same'))).toEqual({
      left: 'backup:a',
      right: 'backup:c',
    })
  })

  test('passes over what cannot be read', () => {
    expect(of(page([entry('c', 'changed'), entry('b', 'unknown', failed), entry('a', 'oldest')]))).toEqual({
      left: 'backup:a',
      right: 'backup:c',
    })
  })

  test('is null where nothing differs', () => {
    expect(of(page([entry('b', 'same'), entry('a', 'oldest')], 'same'))).toBeNull()
    expect(of(page([]))).toBeNull()
  })
})
