import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { openBucket, toStore } from './find-store.ts'

const HOUR_MS = 3_600_000
const EVERY_MS = 6 * HOUR_MS
const LEASE_MS = 10 * 60_000
/** No job works on one upload for longer. */
const ABANDONED_AFTER_MS = 25 * HOUR_MS
/** `<cluster>/<archive>/<file>`, and pieces of a cluster's log: nothing else is ours. */
const OURS = /^[^/]+\/(\d{8}T\d{6}Z-[0-9a-f]{1,16}(-\d+)?|logs)\/[^/]+$/

/**
 * Gives up uploads of one store that nobody has gone on with for a day: they take room that no listing shows. False when no store is due.
 * Several workers may ask at once: a row is taken by a guarded update.
 */
export async function runDueStores(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    kind: 's3',
    nextRunAt: { lte: now },
    ...leaseIsFree(now),
  }
  const due = await db.store.findFirst({ where: isDue, orderBy: [{ nextRunAt: 'asc' }, { id: 'asc' }] })
  if (!due) return false
  const { count } = await db.store.updateMany({
    where: { ...isDue, id: due.id },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true
  try {
    const store = toStore(context, due)
    if (store.kind === 's3') await sweepUploads(context, store.id, await openBucket(context, store), store.name)
  } catch (error) {
    throwIfAborted(context.signal)
    context.log.warn({ store: due.name, error: formatErrorLine(error) }, 'Unfinished uploads could not be looked for')
  }
  await db.store.updateMany({
    where: { id: due.id, leaseOwner: owner },
    data: { leaseOwner: null, leaseUntil: null, nextRunAt: new Date(clock.now() + EVERY_MS) },
  })
  return true
}

async function sweepUploads(
  context: ServiceContext,
  storeId: string,
  bucket: Awaited<ReturnType<typeof openBucket>>,
  name: string,
): Promise<void> {
  const { db, clock, signal } = context
  const before = clock.now() - ABANDONED_AFTER_MS
  let swept = 0
  for await (const { key, uploadId, startedAt } of bucket.listUploads(signal)) {
    if (!OURS.test(key) || startedAt === null || startedAt.getTime() > before) continue
    const known = await db.storeUpload.findUnique({ where: { storeId_key: { storeId, key } } })
    // Its own row says when it was begun: a server's clock is not ours.
    if (known?.uploadId === uploadId && known.startedAt.getTime() > before) continue
    await bucket.abortUpload(key, uploadId, signal)
    await db.storeUpload.deleteMany({ where: { storeId, key, uploadId } })
    swept++
  }
  await db.storeUpload.deleteMany({ where: { storeId, startedAt: { lt: new Date(before) } } })
  if (swept === 0) return
  await writeAudit(db, context, {
    action: 'store.change',
    outcome: 'ok',
    after: { id: storeId, store: name, uploads: swept },
    message: `${countOf(swept, 'unfinished upload')} of more than a day ago given up`,
  })
}
