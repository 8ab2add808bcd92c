import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { getStore } from './find-store.ts'

/** Asks the worker to rebuild the catalog from that store, or from all of them. */
export async function startRescan(
  context: ServiceContext,
  storeId: string | null,
): Promise<{ readonly jobId: string }> {
  const store = storeId === null ? null : await getStore(context, storeId)
  const jobId = context.newId()
  await mutate(
    context,
    { action: 'backup.rescan', after: { job: jobId, store: store?.name ?? 'every store' } },
    async (tx) => {
      const atWork = await tx.job.count({ where: { kind: 'rescan', state: { in: ['queued', 'running'] } } })
      if (atWork > 0) {
        throw new ServiceError('WRONG_STATE', 'A rescan waits or runs already', { unaffected: 'nothing was changed' })
      }
      await enqueueJob(tx, {
        id: jobId,
        kind: 'rescan',
        payload: { storeId },
        clusterId: null,
        subjectId: storeId ?? 'all',
        actor: context.actor,
        nowMs: context.clock.now(),
      })
    },
  )
  return { jobId }
}
