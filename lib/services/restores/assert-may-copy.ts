import { findCluster } from '../clusters/find-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { getRestoreRow, type RestoreRow } from './find-restore.ts'
import { storedScopeSchema } from './restore-scope.ts'

/**
 * Elsewhere other rules hold: what somebody may not see must not come to where they may, by a plan of somebody else's, or of before there was
 * a rule. Throws FORBIDDEN, after a `denied` entry.
 */
export async function assertMayCopy(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db'>,
  action: 'restore.confirm' | 'restore.resume',
  row: RestoreRow,
): Promise<void> {
  const cluster = await findCluster(context, await findSource(context, row))
  if (cluster !== null) await assertMaySeeAll(context, { action, cluster, otherClusterId: row.clusterId })
}

/** The cluster whose values come to another place; null for a plan that puts back what was at the same one. */
async function findSource(context: Pick<ServiceContext, 'db'>, row: RestoreRow): Promise<string | null> {
  if (row.otherClusterId !== null) return row.otherClusterId
  const scope = storedScopeSchema.parse(row.scope)
  if (scope.kind === 'rest') return findSource(context, await getRestoreRow(context, scope.of))
  const isMoved = scope.kind === 'subtree' && scope.targetPath !== null && scope.targetPath !== scope.path
  return isMoved ? row.clusterId : null
}
