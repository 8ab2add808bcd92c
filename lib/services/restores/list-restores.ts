import type { ServiceContext } from '../context.ts'
import { olderThan } from '../page-cursor.ts'
import { RESTORE_COLUMNS } from './find-restore.ts'
import { toRestoreViews } from './to-restore-view.ts'
import type { RestoreView } from './views.ts'

/** Newest first, without edits by hand unless asked for; `stale` is told by getRestore only, because it asks the cluster. */
export async function listRestores(
  context: Pick<ServiceContext, 'actor' | 'db' | 'clock'>,
  input: {
    readonly clusterId?: string
    readonly limit?: number
    readonly edits?: boolean
    readonly before?: string
  } = {},
): Promise<RestoreView[]> {
  const rows = await context.db.restore.findMany({
    where: {
      ...(input.clusterId ? { clusterId: input.clusterId } : {}),
      ...olderThan(input.before),
      mode: input.edits ? 'edit' : { not: 'edit' },
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), 201),
    select: RESTORE_COLUMNS,
  })
  return toRestoreViews(context, rows)
}
