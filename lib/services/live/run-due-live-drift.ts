import { formatErrorLine } from '../../base/errors.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { isLogKept } from '../logs/is-log-kept.ts'
import { whileRenewing } from '../while-renewing.ts'
import { DriftBook, differencesSchema } from './drift-book.ts'
import { compareAll, compareTouched } from './measure-drift.ts'
import { readTouchedSince } from './read-touched-since.ts'

const LEASE_MS = 2 * 60_000
const RENEW_MS = 30_000
const LOOK_EVERY_MS = 2_000
const AFTER_FAULT_MS = 60_000
/** Of a cluster that is too far from its baseline to be kept up write by write, or whose log is not kept. */
const WHOLE_EVERY_MS = 5 * 60_000
/** Of the time, at most so much is spent on one cluster. */
const SHARE = 10
/** A column of JSON takes no null from here. */
const NO_FAULT = {}

/**
 * Brings the drift of one cluster up to what its kept log holds, as `owner`; false when none is due. The first time, and where the log does
 * not say what was touched, both trees are compared; then only what was touched since.
 */
export async function runDueLiveDrift(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = { nextRunAt: { lte: now }, ...leaseIsFree(now) }
  const due = await db.followDrift.findFirst({
    where: isDue,
    orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
  })
  if (!due) return false
  const { clusterId, backupId, path } = due
  const lease = () => ({ leaseOwner: owner, leaseUntil: new Date(clock.now() + LEASE_MS) })
  const { count } = await db.followDrift.updateMany({
    where: { ...isDue, clusterId, nextRunAt: due.nextRunAt },
    data: lease(),
  })
  if (count === 0) return true
  const mine = { clusterId, leaseOwner: owner, backupId, path }
  const renew = async () => (await db.followDrift.updateMany({ where: mine, data: lease() })).count > 0
  await whileRenewing(context, { everyMs: RENEW_MS, renew }, async (ours) => {
    const { waitMs, ...data } = await measure(ours, due)
    const nextRunAt = new Date(clock.now() + waitMs)
    await db.followDrift.updateMany({ where: mine, data: { ...data, leaseOwner: null, leaseUntil: null, nextRunAt } })
  })
  return true
}

type Row = NonNullable<Awaited<ReturnType<ServiceContext['db']['followDrift']['findFirst']>>>

async function measure(context: ServiceContext, row: Row) {
  const { clock } = context
  const startedAt = clock.now()
  try {
    const found = (await catchUp(context, row)) ?? (await begin(context, row))
    const waitMs = Math.max(found.waitMs, SHARE * (clock.now() - startedAt))
    return { ...found, waitMs, error: NO_FAULT }
  } catch (error) {
    // Stopped in the middle: the next worker begins anew at once.
    if (context.signal?.aborted) throw error
    const id = context.newId()
    context.log.warn({ id, clusterId: row.clusterId, error: formatErrorLine(error) }, 'The drift could not be kept up')
    return { state: 'failed', error: { ...describeFailure(error, id) }, waitMs: AFTER_FAULT_MS }
  }
}

async function begin(context: ServiceContext, row: Row) {
  const { book, zxid } = await compareAll(context, row)
  const isKept = await isLogKept(context, row.clusterId)
  return {
    ...toRow(book),
    state: isKept ? 'current' : 'stale',
    zxid,
    at: new Date(context.clock.now()),
    waitMs: book.isCut || !isKept ? WHOLE_EVERY_MS : LOOK_EVERY_MS,
  }
}

/** Null where everything is to be compared. */
async function catchUp(context: ServiceContext, row: Row) {
  const known = differencesSchema.safeParse(row.paths).data
  if (row.zxid === null || row.isCut || !known || row.state !== 'current') return null
  const target = await getClusterTarget(context, row.clusterId)
  const { chroot } = splitConnectString(target.connectString)
  const since = await readTouchedSince(context, { id: row.clusterId, name: target.clusterName }, row.zxid)
  if (since === null) return null
  if (since.last === null) return { waitMs: LOOK_EVERY_MS }
  const book = new DriftBook(known)
  await compareTouched(context, row, { book, paths: since.paths, chroot })
  return { ...toRow(book), zxid: since.last.zxid, at: new Date(since.last.timeMs), waitMs: LOOK_EVERY_MS }
}

function toRow(book: DriftBook) {
  const paths = book.list().map((each) => ({ ...each, fields: [...each.fields] }))
  return { ...book.counts, paths, isCut: book.isCut }
}
