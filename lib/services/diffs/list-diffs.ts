import type { ServiceContext } from '../context.ts'
import { olderThan } from '../page-cursor.ts'
import { DIFF_COLUMNS, toDiffViews } from './to-diff-view.ts'
import type { DiffView } from './views.ts'

/** Newest first. */
export async function listDiffs(
  context: Pick<ServiceContext, 'db'>,
  input: { readonly clusterId?: string; readonly limit?: number; readonly before?: string } = {},
): Promise<DiffView[]> {
  const rows = await context.db.diff.findMany({
    where: { ...(input.clusterId ? { clusterId: input.clusterId } : {}), ...olderThan(input.before) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), 201),
    select: DIFF_COLUMNS,
  })
  return toDiffViews(context, rows)
}
