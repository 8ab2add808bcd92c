import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { describePlace } from './archive-folder.ts'
import { listStoreChoices, seesStores } from './list-store-views.ts'
import type { BackupPlaceView, StoredProof } from './views.ts'

const STATES: readonly BackupPlaceView['state'][] = ['queued', 'copying', 'present', 'failed', 'missing']
const toProof = (text: string | null): StoredProof | null =>
  text === 'read-back' || text === 'part-sums' ? text : null

/** Where a backup lies, or is to lie. */
export async function listPlaces(context: ServiceContext, backupId: string): Promise<BackupPlaceView[]> {
  const row = await context.db.backup.findUniqueOrThrow({
    where: { id: backupId },
    include: { copies: { orderBy: { id: 'asc' } } },
  })
  const names = new Map((await listStoreChoices(context)).map(({ id, name }) => [id, name]))
  const jobs = await context.db.job.findMany({
    where: { id: { in: row.copies.flatMap(({ jobId }) => (jobId === null ? [] : [jobId])) } },
    select: { id: true, error: true },
  })
  const whereOf = async (place: { storeId: string; dir: string }) => {
    if (!seesStores(context)) return ''
    return describePlace(context, place).catch((error: unknown) => {
      if (isArkeeperError(error)) return place.dir
      throw error
    })
  }
  const nameOf = (storeId: string) => names.get(storeId) ?? 'a store that was removed'
  const first: BackupPlaceView = {
    storeId: row.storeId,
    storeName: nameOf(row.storeId),
    isFirst: true,
    where: await whereOf(row),
    state: row.missingAt === null ? 'present' : 'missing',
    at: row.createdAt.toISOString(),
    storedProof: toProof(row.storedProof),
    lockedUntil: row.lockedUntil?.toISOString() ?? null,
    verifiedAt: row.verifiedAt?.toISOString() ?? null,
    verifyOk: row.verifyOk,
    error: null,
    jobId: null,
  }
  const copies = row.copies.map(async (copy): Promise<BackupPlaceView> => {
    const state = STATES.find((known) => known === copy.state) ?? 'failed'
    const error = state === 'failed' ? parseErrorView(jobs.find(({ id }) => id === copy.jobId)?.error) : null
    return {
      storeId: copy.storeId,
      storeName: nameOf(copy.storeId),
      isFirst: false,
      where: state === 'present' || state === 'missing' ? await whereOf(copy) : '',
      state,
      at: copy.copiedAt?.toISOString() ?? null,
      storedProof: toProof(copy.storedProof),
      lockedUntil: copy.lockedUntil?.toISOString() ?? null,
      verifiedAt: copy.verifiedAt?.toISOString() ?? null,
      verifyOk: copy.verifyOk,
      error: error?.message ?? null,
      jobId: copy.jobId,
    }
  })
  return [first, ...(await Promise.all(copies))]
}
