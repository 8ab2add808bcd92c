import { type ChangeFilter, matchesChange } from '../../domain/diff/filter-changes.ts'
import { nameOf } from '../../domain/znode/path.ts'
import type { AppliedRules } from './apply-ignore-rules.ts'
import type { ChangeRecord } from './diff-file.ts'
import type { IgnoredMode } from './schemas.ts'
import type { DiffTreeRow } from './views.ts'

interface OpenRow {
  path: string
  own: ChangeRecord | null
  ignored: boolean
  added: number
  removed: number
  changed: number
}

export interface Ignores {
  readonly rules: AppliedRules
  readonly mode: IgnoredMode
}

export function isIgnoredBy({ rules }: Ignores, record: ChangeRecord): boolean {
  return rules.find(record) !== null
}

/**
 * Children of `parent` that differ or have something below them that does, with the counts rolled up. The records are those below the
 * parent in path order, so that each child is one contiguous run: one pass, and no more is read than the page needs.
 */
export async function collectRows(
  records: AsyncIterable<ChangeRecord>,
  input: { readonly parent: string; readonly filter: ChangeFilter; readonly limit: number; readonly ignores?: Ignores },
): Promise<{ rows: DiffTreeRow[]; next: string | null }> {
  const prefix = input.parent === '/' ? 1 : input.parent.length + 1
  const rows: DiffTreeRow[] = []
  let open: OpenRow | null = null
  for await (const record of records) {
    if (!matches(record, input.filter)) continue
    const isIgnored = input.ignores ? isIgnoredBy(input.ignores, record) : false
    if (isIgnored && input.ignores?.mode !== 'show') continue
    const end = record.path.indexOf('/', prefix)
    const path = end === -1 ? record.path : record.path.slice(0, end)
    if (open === null || open.path !== path) {
      if (open) rows.push(toRow(open))
      if (rows.length === input.limit) return { rows, next: rows.at(-1)?.name ?? null }
      open = { path, own: null, ignored: false, added: 0, removed: 0, changed: 0 }
    }
    if (record.path === path) {
      open.own = record
      open.ignored = isIgnored
    } else open[record.change]++
  }
  if (open) rows.push(toRow(open))
  return { rows, next: null }
}

function toRow({ path, own, ignored, added, removed, changed }: OpenRow): DiffTreeRow {
  return {
    path,
    name: nameOf(path),
    change: own?.change ?? null,
    fields: own?.fields ?? [],
    ephemeral: own?.ephemeral ?? false,
    ignored,
    below: { added, removed, changed },
  }
}

export function matches(record: ChangeRecord, filter: ChangeFilter): boolean {
  return matchesChange({ ...record, before: null, after: null }, filter)
}
