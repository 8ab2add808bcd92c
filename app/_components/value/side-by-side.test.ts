import { describe, expect, test } from 'vitest'
import { compareTexts, foldSame, type SideRow } from './side-by-side.ts'

function rowsOf(left: string, right: string): readonly SideRow[] {
  const compared = compareTexts(left, right)
  return compared.kind === 'rows' ? compared.rows : []
}
const text = (side: SideRow['left']) => side?.segments.map((segment) => segment.text).join('') ?? null
const marked = (side: SideRow['left']) =>
  side?.segments.filter((segment) => segment.marked).map((segment) => segment.text) ?? []

describe('compareTexts', () => {
  test('pairs changed lines and marks only the words that differ', () => {
    const rows = rowsOf('a\ntimeout = 30 s\nz', 'a\ntimeout = 60 s\nz')
    expect(rows.map((row) => row.kind)).toEqual(['same', 'changed', 'same'])
    expect(marked(rows[1]?.left ?? null)).toEqual(['30'])
    expect(marked(rows[1]?.right ?? null)).toEqual(['60'])
  })

  test('lines of one side only have no partner', () => {
    const rows = rowsOf('a\nb\n', 'a\nb\nc\n')
    expect(rows.at(-1)).toMatchObject({ kind: 'added', left: null, right: { number: 3 } })
    expect(rowsOf('a\nb\n', 'b\n')[0]).toMatchObject({ kind: 'removed', left: { number: 1 }, right: null })
  })

  test('nothing is lost: each side reads back as it was', () => {
    const left = 'one\ntwo three\nfour\n\nsix'
    const right = 'zero\none\ntwo 3\n\nfive\nsix'
    const rows = rowsOf(left, right)
    expect(rows.flatMap((row) => text(row.left) ?? []).join('\n')).toBe(left)
    expect(rows.flatMap((row) => text(row.right) ?? []).join('\n')).toBe(right)
  })

  test('line numbers count up on each side', () => {
    const rows = rowsOf('a\nb\nc\nd', 'a\nX\nY\nc\ne')
    expect(rows.flatMap((row) => row.left?.number ?? [])).toEqual([1, 2, 3, 4])
    expect(rows.flatMap((row) => row.right?.number ?? [])).toEqual([1, 2, 3, 4, 5])
  })

  test('a difference of line ends alone is visible', () => {
    expect(text(rowsOf('a\r\n', 'a\n')[0]?.left ?? null)).toBe('a␍')
  })

  test('a line end at the very end that only one side has is visible', () => {
    const [row] = rowsOf('a\n', 'a')
    expect([text(row?.left ?? null), text(row?.right ?? null)]).toEqual(['a␊', 'a'])
  })

  test('empty texts have no rows', () => {
    expect(rowsOf('', '')).toEqual([])
    expect(rowsOf('', 'a').map((row) => row.kind)).toEqual(['added'])
  })

  test('what is too large for a page is said to be so', () => {
    expect(compareTexts('x'.repeat(2_000_001), '')).toEqual({ kind: 'too-large' })
  })
})

test('long runs of equal lines fold, a few stay round each difference', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  const rows = rowsOf(lines.join('\n'), lines.with(15, 'other').join('\n'))
  const folded = foldSame(rows)
  expect(folded.map((row) => row.kind)).toEqual([
    'fold',
    'same',
    'same',
    'same',
    'changed',
    'same',
    'same',
    'same',
    'fold',
  ])
  expect(folded[0]).toEqual({ kind: 'fold', from: 0, count: 12 })
  expect(folded.reduce((sum, row) => sum + (row.kind === 'fold' ? row.count : 1), 0)).toBe(30)
})
