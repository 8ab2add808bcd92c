import { isWithin } from '@/lib/domain/znode/path.ts'
import type { ChangeCounts, DiffTreeRow, PickedChangeView } from '@/lib/services/diffs/views.ts'

/** By path. A picked subtree holds no other pick below it. */
export type Picks = ReadonlyMap<string, PickedChangeView>

interface Row {
  readonly path: string
  readonly change: DiffTreeRow['change']
  readonly below: ChangeCounts
}

export const NO_CHANGES: ChangeCounts = { added: 0, removed: 0, changed: 0 }

export function addCounts(a: ChangeCounts, b: ChangeCounts): ChangeCounts {
  return { added: a.added + b.added, removed: a.removed + b.removed, changed: a.changed + b.changed }
}

export function countAll(counts: ChangeCounts): number {
  return counts.added + counts.removed + counts.changed
}

const own = (row: Row): ChangeCounts => (row.change === null ? NO_CHANGES : { ...NO_CHANGES, [row.change]: 1 })

/** `picked` itself, `inherited` from a picked subtree above, `mixed` when something below is picked. */
export function pickStateOf(picks: Picks, path: string): 'picked' | 'inherited' | 'mixed' | 'none' {
  if (picks.has(path)) return 'picked'
  let mixed = false
  for (const pick of picks.values()) {
    if (pick.subtree && isWithin(path, pick.path)) return 'inherited'
    if (isWithin(pick.path, path)) mixed = true
  }
  return mixed ? 'mixed' : 'none'
}

/** Picks the row with all below it, or the row alone; what the new pick covers is no pick of its own any more. */
export function addPick(picks: Picks, row: Row, options: { subtree: boolean }): Picks {
  const next = new Map(picks)
  if (options.subtree) for (const path of picks.keys()) if (isWithin(path, row.path)) next.delete(path)
  const counts = options.subtree ? addCounts(own(row), row.below) : own(row)
  next.set(row.path, { path: row.path, subtree: options.subtree, counts })
  return next
}

export function removePick(picks: Picks, path: string): Picks {
  const next = new Map(picks)
  next.delete(path)
  return next
}

/** What a click on a row's box does. A row inside a picked subtree stays as it is. */
export function togglePick(picks: Picks, row: Row): Picks {
  const state = pickStateOf(picks, row.path)
  if (state === 'inherited') return picks
  if (state === 'picked') return removePick(picks, row.path)
  return addPick(picks, row, { subtree: countAll(row.below) > 0 })
}

export function sumPicks(picks: Picks): ChangeCounts {
  return [...picks.values()].reduce((sum, pick) => addCounts(sum, pick.counts), NO_CHANGES)
}

export function toSelection(picks: Picks): { kind: 'picked'; paths: string[]; subtrees: string[] } {
  const all = [...picks.values()]
  return {
    kind: 'picked',
    paths: all.filter((pick) => !pick.subtree).map((pick) => pick.path),
    subtrees: all.filter((pick) => pick.subtree).map((pick) => pick.path),
  }
}
