import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import type { RestoreRow } from './find-restore.ts'
import { listStaleLines } from './stale-lines.ts'
import type { StalenessView } from './views.ts'

const LINES_MAX = 500
const TIMEOUT_MS = 5_000
/** The page asks every few seconds; the live tree is not read as often for a large plan. */
const KEPT_MS = 5_000
const KEPT_PER_STEP_MS = 2

const kept = new Map<string, { readonly until: number; readonly stale: StalenessView | null }>()

/**
 * Whether the live znodes are still as the plan expects, over all of it or as much as a few seconds allow. A hint for the page: the
 * guards decide in the end. A cluster that does not answer is not called stale.
 */
export async function findStaleness(context: ServiceContext, row: RestoreRow): Promise<StalenessView | null> {
  const key = `${row.id} ${row.planHash}`
  const now = context.clock.now()
  const known = kept.get(key)
  if (known && now < known.until) return known.stale
  let stale: StalenessView | null = null
  let lookedAt = 0
  try {
    const look = listStaleLines(context, { restoreId: row.id, limit: LINES_MAX })
    const found = await withDeadline(look, { what: 'the look at the plan', timeoutMs: TIMEOUT_MS })
    lookedAt = found.lookedAt
    const paths = [...new Set(found.lines.map(({ path }) => path))]
    if (paths.length > 0) {
      const of = found.next === null ? `${found.steps}` : `the first ${lookedAt} of ${found.steps}`
      stale = {
        message: `${found.lines.length} of ${of} steps no longer fit the live tree: ${paths.slice(0, 3).join(', ')}`,
        count: found.lines.length,
        lookedAt,
        steps: found.steps,
      }
    }
  } catch (error) {
    context.log.warn({ restore: row.id, error: formatErrorLine(error) }, 'Whether a plan is stale could not be told')
  }
  kept.clear()
  kept.set(key, { until: now + KEPT_MS + lookedAt * KEPT_PER_STEP_MS, stale })
  return stale
}
