import { requestJson } from '@/app/_components/request-json.ts'
import type { DirPage, TreeSource } from '@/app/_components/tree/use-tree.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { ChangeFilter, IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { DiffTreePage, DiffTreeRow } from '@/lib/services/diffs/views.ts'
import { countAll, NO_CHANGES } from './picks.ts'

export interface DiffItem extends DiffTreeRow {
  readonly hasChildren: boolean
}

/** The tree of what differs, level by level. `onRoot` is told the change of the diff's own root, which comes with its first page. */
export function diffSource(
  diff: { readonly id: string; readonly path: string },
  filter: ChangeFilter & { readonly ignored: IgnoredMode },
  onRoot: (row: DiffTreeRow | null) => void,
): TreeSource<DiffItem> {
  return {
    root: {
      path: diff.path,
      name: diff.path,
      change: null,
      fields: [],
      ephemeral: false,
      ignored: false,
      below: NO_CHANGES,
      hasChildren: true,
    },
    isSame: () => true,
    async fetchPage(dir, { after, limit, signal }): Promise<DirPage<DiffItem>> {
      const url = paths.api.diffTree(diff.id, { ...filter, parent: dir, after, limit })
      const page = await requestJson<DiffTreePage>(url, { signal })
      const own = page.rows.find((row) => row.path === dir)
      if (dir === diff.path && after === null) onRoot(own ?? null)
      const items = page.rows
        .filter((row) => row !== own)
        .map((row) => ({ ...row, hasChildren: countAll(row.below) > 0 }))
      if (items.length === 0 && page.next === null && after === null && !own && dir === diff.path) {
        return { kind: 'note', tone: 'quiet', text: 'No difference matches the filter' }
      }
      return { kind: 'page', items, total: null, next: page.next }
    },
  }
}
