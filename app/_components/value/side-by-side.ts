import { diffLines, diffWordsWithSpace } from 'diff'

export interface Segment {
  readonly text: string
  readonly marked: boolean
}

export interface SideLine {
  /** 1-based. */
  readonly number: number
  readonly segments: readonly Segment[]
}

/** `same` on both sides, `changed` on both but different, `added` only right, `removed` only left. */
export interface SideRow {
  readonly kind: 'same' | 'changed' | 'added' | 'removed'
  readonly left: SideLine | null
  readonly right: SideLine | null
}

export type SideBySide =
  | { readonly kind: 'rows'; readonly rows: readonly SideRow[] }
  /** Too different or too large to be compared line by line in the time that a page has. */
  | { readonly kind: 'too-large' }

const TIMEOUT_MS = 1500
const CHARACTERS_MAX = 2_000_000
/** Word by word is quadratic in the line: longer lines are marked as a whole. */
const LINE_MAX = 20_000

/** Line-by-line comparison, changed lines paired in order and compared word by word. */
export function compareTexts(left: string, right: string): SideBySide {
  if (left.length + right.length > CHARACTERS_MAX) return { kind: 'too-large' }
  const parts = diffLines(left, right, { timeout: TIMEOUT_MS })
  if (!parts) return { kind: 'too-large' }
  const rows: SideRow[] = []
  let leftNumber = 0
  let rightNumber = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (!part) continue
    const next = parts[i + 1]
    if (part.removed && next?.added) {
      const [before, after] = showLastLineEnd(part.value, next.value)
      for (let k = 0; k < Math.max(before.length, after.length); k++) {
        rows.push(pairLines(before[k], after[k], leftNumber + k + 1, rightNumber + k + 1))
      }
      leftNumber += before.length
      rightNumber += after.length
      i++
      continue
    }
    for (const line of toLines(part.value)) {
      const segments = [{ text: line, marked: false }]
      if (part.removed) rows.push({ kind: 'removed', left: { number: ++leftNumber, segments }, right: null })
      else if (part.added) rows.push({ kind: 'added', left: null, right: { number: ++rightNumber, segments } })
      else {
        const sides = { left: { number: ++leftNumber, segments }, right: { number: ++rightNumber, segments } }
        rows.push({ kind: 'same', ...sides })
      }
    }
  }
  return { kind: 'rows', rows }
}

function pairLines(
  left: string | undefined,
  right: string | undefined,
  leftNumber: number,
  rightNumber: number,
): SideRow {
  if (left === undefined || right === undefined) {
    const segments = [{ text: left ?? right ?? '', marked: false }]
    return left === undefined
      ? { kind: 'added', left: null, right: { number: rightNumber, segments } }
      : { kind: 'removed', left: { number: leftNumber, segments }, right: null }
  }
  const sides = left.length + right.length > LINE_MAX ? wholeLines(left, right) : markWords(left, right)
  return {
    kind: 'changed',
    left: { number: leftNumber, segments: sides.left },
    right: { number: rightNumber, segments: sides.right },
  }
}

function wholeLines(left: string, right: string) {
  return { left: [{ text: left, marked: true }], right: [{ text: right, marked: true }] }
}

function markWords(left: string, right: string): { left: Segment[]; right: Segment[] } {
  const sides: { left: Segment[]; right: Segment[] } = { left: [], right: [] }
  for (const part of diffWordsWithSpace(left, right)) {
    if (!part.added) sides.left.push({ text: part.value, marked: part.removed })
    if (!part.removed) sides.right.push({ text: part.value, marked: part.added })
  }
  return sides
}

/** The lines of both sides. Where only the line end of the last line differs, it is shown, for there is nothing else to see. */
function showLastLineEnd(left: string, right: string): [string[], string[]] {
  const before = toLines(left)
  const after = toLines(right)
  if (left.endsWith('\n') !== right.endsWith('\n') && before.at(-1) === after.at(-1)) {
    const longer = left.endsWith('\n') ? before : after
    longer.push(`${longer.pop() ?? ''}␊`)
  }
  return [before, after]
}

/** Lines without their line feeds; a carriage return is shown, because it may be the difference. */
function toLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => line.replaceAll('\r', '␍'))
}

/** Runs of equal rows longer than `context` on each side of a difference are folded into one `fold` of so many rows. */
export function foldSame(
  rows: readonly SideRow[],
  context = 3,
): (SideRow | { readonly kind: 'fold'; readonly from: number; readonly count: number })[] {
  const keep = new Set<number>()
  rows.forEach((row, index) => {
    if (row.kind === 'same') return
    for (let at = index - context; at <= index + context; at++) keep.add(at)
  })
  const folded: (SideRow | { kind: 'fold'; from: number; count: number })[] = []
  rows.forEach((row, index) => {
    const last = folded.at(-1)
    if (keep.has(index)) folded.push(row)
    else if (last?.kind === 'fold') folded[folded.length - 1] = { ...last, count: last.count + 1 }
    else folded.push({ kind: 'fold', from: index, count: 1 })
  })
  return folded
}
