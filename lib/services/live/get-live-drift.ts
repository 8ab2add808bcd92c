import { formatHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { differencesSchema } from './drift-book.ts'
import type { LiveDriftView } from './views.ts'

/** Null: no baseline is chosen. Throws NOT_FOUND for a cluster that is not there. */
export async function getLiveDrift(context: ServiceContext, clusterId: string): Promise<LiveDriftView | null> {
  const { id } = await getClusterForWriting(context, clusterId)
  const row = await context.db.followDrift.findUnique({ where: { clusterId: id } })
  if (!row) return null
  const { backupId, path, state, zxid, at, added, removed, changed, isCut } = row
  const counts = { added: added ?? 0, removed: removed ?? 0, changed: changed ?? 0 }
  return {
    backupId,
    path,
    state: state === 'current' || state === 'stale' || state === 'failed' ? state : 'counting',
    asOf: zxid === null || at === null ? null : { zxid: formatHex64(zxid), at: at.toISOString(), ...counts },
    differences: differencesSchema.safeParse(row.paths).data ?? [],
    isCut,
    error: parseErrorView(row.error),
  }
}
