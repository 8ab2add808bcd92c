import { throwIfAborted } from '../../base/errors.ts'
import { storeVerdict } from '../backups/store-verdict.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { verifyPlace } from './verify-place.ts'

/**
 * Archives of the catalog that a rescan found damaged are read once more, wholly, and what is found becomes their verdict: what was on its way
 * while the store was listed is not damaged. Gives how many are.
 */
export async function judgeDamaged(
  context: ServiceContext,
  storeId: string,
  dirs: readonly string[],
  run: Pick<JobRun, 'assertOwned'>,
): Promise<number> {
  let judged = 0
  for (const dir of dirs) {
    throwIfAborted(context.signal)
    const place = { storeId, dir }
    const known = await findKnown(context, place)
    if (!known) continue
    const report = await verifyPlace(context, place)
    if (report.ok) continue
    run.assertOwned()
    const at = new Date(context.clock.now())
    await keepBooks(context, { action: 'backup.rescan' }, (tx) => storeVerdict(tx, { ...known, place, report, at }))
    judged++
  }
  return judged
}

/** Null for what is not in the catalog, is deleted there, or has its verdict. */
async function findKnown(
  { db }: Pick<ServiceContext, 'db'>,
  place: { readonly storeId: string; readonly dir: string },
) {
  const first = await db.backup.findUnique({
    where: { storeId_dir: place },
    select: { id: true, clusterId: true, deletedAt: true, verifyOk: true },
  })
  if (first) {
    const { id: backupId, clusterId, deletedAt, verifyOk } = first
    return deletedAt !== null || verifyOk === false ? null : { backupId, clusterId, copyId: null }
  }
  const copy = await db.backupCopy.findUnique({
    where: { storeId_dir: place },
    select: { id: true, backupId: true, state: true, verifyOk: true, backup: { select: { clusterId: true } } },
  })
  if (copy?.state !== 'present' || copy.verifyOk === false) return null
  return { backupId: copy.backupId, clusterId: copy.backup.clusterId, copyId: copy.id }
}
