import { stat } from 'node:fs/promises'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { addUncatalogued } from './add-uncatalogued.ts'
import { BUILT_IN_NAME, getStore, openBucket, type Store } from './find-store.ts'
import { removeFormers } from './former-copies.ts'
import { DEFAULT_STORE_ID } from './schemas.ts'

const HOUR_MS = 3_600_000
const EVERY_MS = 6 * HOUR_MS
/** While something may be on its way into the catalog, or could not be removed yet. */
const SOON_MS = 10 * 60_000
const LEASE_MS = 10 * 60_000
/** No job works on one upload for longer. */
const ABANDONED_AFTER_MS = 25 * HOUR_MS
/** `<cluster>/<archive>/<file>`, and pieces of a cluster's log: nothing else is ours. */
const OURS = /^[^/]+\/(\d{8}T\d{6}Z-[0-9a-f]{1,16}(-\d+)?|logs)\/[^/]+$/

/**
 * Looks after one store that is due. Gives up uploads that nobody has gone on with for a day: they take room that no listing shows. Removes
 * archives in whose place another has come, and enters those that lie there and in no row. False when no store is due. Several workers may
 * ask at once: a row is taken by a guarded update.
 */
export async function runDueStores(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    AND: [{ OR: [{ nextRunAt: null }, { nextRunAt: { lte: now } }] }, leaseIsFree(now)],
  }
  const due = await db.store.findFirst({ where: isDue, orderBy: { id: 'asc' } })
  if (!due) return false
  const { count } = await db.store.updateMany({
    where: { ...isDue, id: due.id },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true
  let isAllSeen = true
  try {
    isAllSeen = await lookAfter(context, await getStore(context, due.id))
  } catch (error) {
    throwIfAborted(context.signal)
    context.log.warn({ store: due.name, error: formatErrorLine(error) }, 'A store could not be looked after')
  }
  // Unless somebody has hurried it meanwhile.
  await db.store.updateMany({
    where: { id: due.id, leaseOwner: owner, nextRunAt: due.nextRunAt },
    data: { nextRunAt: new Date(clock.now() + (isAllSeen ? EVERY_MS : SOON_MS)) },
  })
  await db.store.updateMany({
    where: { id: due.id, leaseOwner: owner },
    data: { leaseOwner: null, leaseUntil: null },
  })
  return true
}

async function lookAfter(context: ServiceContext, store: Store): Promise<boolean> {
  if (store.kind === 's3') await sweepUploads(context, store.id, await openBucket(context, store), store.name)
  // Another host's, or not mounted: what is not there now must not be taken for removed.
  else if (!(await isFolder(store.path))) return false
  const warn = (message: string) => context.log.warn({ store: store.id }, message)
  await removeFormers(context, { storeId: store.id }, warn)
  return addUncatalogued(context, store)
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}

/** When a worker starts, the built-in folder is looked at: the one before may have been killed with an archive in its hands. */
export async function lookAtBuiltIn({ db, clock }: Pick<ServiceContext, 'db' | 'clock'>): Promise<void> {
  const nextRunAt = new Date(clock.now())
  await db.store.upsert({
    where: { id: DEFAULT_STORE_ID },
    update: { nextRunAt },
    create: { id: DEFAULT_STORE_ID, name: BUILT_IN_NAME, kind: 'folder', settings: {}, nextRunAt },
    select: { id: true },
  })
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
