import type { ServiceContext } from '../context.ts'
import { SEARCH_COLUMNS, toSearchViews } from './to-search-view.ts'
import type { SearchView } from './views.ts'

/** Newest first. */
export async function listSearches(
  context: Pick<ServiceContext, 'db'>,
  input: { readonly clusterId?: string; readonly limit?: number } = {},
): Promise<SearchView[]> {
  const rows = await context.db.search.findMany({
    where: input.clusterId ? { clusterId: input.clusterId } : {},
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), 200),
    select: SEARCH_COLUMNS,
  })
  return toSearchViews(context, rows)
}
