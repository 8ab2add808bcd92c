import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { whileRenewing } from '../while-renewing.ts'
import { mirrorBases } from './mirror-bases.ts'
import { type MirrorRun, mirrorLogs } from './mirror-logs.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** From one run to the next where all went well; whoever follows asks for one as soon as there is more. */
const EVERY_MS = MINUTE_MS
/** Asked for again before each piece, and renewed beside: what a killed worker was at waits that long. */
const LEASE_MS = MINUTE_MS
const RENEW_MS = 15_000
/** What only another host has comes by itself when that host's worker has its turn; for longer it is a fault. */
const ELSEWHERE_MS = 10 * MINUTE_MS

/**
 * One run of the mirroring of one cluster's log to one store, as `owner`; false when none is due. Several workers may ask at once: a row is
 * taken by a guarded update. A failure is kept in the row, and tried again.
 */
export async function runDueLogMirrors(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  // What is new of a followed cluster lies on the host of whoever hears it.
  const heard = await db.clusterFollow.findMany({
    where: { leaseUntil: { gt: now }, leaseOwner: { not: owner } },
    select: { clusterId: true },
  })
  const elsewhere = heard.map(({ clusterId }) => clusterId)
  const isDue = { nextRunAt: { lte: now }, clusterId: { notIn: elsewhere }, ...leaseIsFree(now) }
  const due = await db.logMirror.findFirst({ where: isDue, orderBy: [{ nextRunAt: 'asc' }, { id: 'asc' }] })
  if (!due) return addMissingRows(context)
  const { count } = await db.logMirror.updateMany({
    where: { ...isDue, id: due.id },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS), lastRunAt: now },
  })
  if (count === 0) return true
  const cluster = await db.cluster.findFirst({
    where: { id: due.clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  if (!cluster || !(await isWanted(context, due))) {
    await db.logMirror.deleteMany({ where: { id: due.id, leaseOwner: owner } })
    return true
  }
  if (due.storeId === DEFAULT_STORE_ID) await addTargets(context, cluster.id)
  const renew = () => isOwned(context, due.id, owner)
  const data = await whileRenewing(context, { everyMs: RENEW_MS, renew }, (ours) =>
    run(ours, { ...due, clusterName: cluster.name }, owner),
  )
  const free = { leaseOwner: null, leaseUntil: null, ...data }
  const mine = { id: due.id, leaseOwner: owner }
  const ended = await db.logMirror.updateMany({ where: { ...mine, nextRunAt: due.nextRunAt }, data: free })
  // Asked for meanwhile: then it is due again at once.
  const { nextRunAt: _, ...told } = { nextRunAt: null, ...free }
  if (ended.count === 0) await db.logMirror.updateMany({ where: mine, data: told })
  return true
}

interface Due {
  readonly id: string
  readonly clusterId: string
  readonly storeId: string
  readonly clusterName: string
  readonly lastOkAt: Date | null
  /** Of the run before. */
  readonly lastRunAt: Date | null
  readonly lastZxid: bigint | null
  readonly missing: number
  readonly error: string | null
  readonly createdAt: Date
}

/** Nothing was archived since all of it was there, and nothing is to be put there anew. Once an hour all is looked at nevertheless. */
async function isIdle({ db, clock }: ServiceContext, due: Due): Promise<boolean> {
  const { clusterId, storeId, lastZxid, lastRunAt, lastOkAt } = due
  if (due.missing > 0 || due.error !== null || lastZxid === null || lastOkAt === null || lastRunAt === null)
    return false
  if (Math.floor(lastRunAt.getTime() / HOUR_MS) !== Math.floor(clock.now() / HOUR_MS)) return false
  const keeping = await db.logKeeping.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  if (keeping?.lastZxid !== lastZxid) return false
  if ((await db.clusterFollow.count({ where: { clusterId, enabled: true } })) > 0) return false
  const toPut = { OR: [{ sha256: '' }, { mendAskedAt: { not: null } }] }
  const toPutBase = { OR: [{ sha256: '' }, { mendAskedAt: { not: null } }, { formerDir: { not: null } }] }
  if ((await db.logBase.count({ where: { clusterId, storeId, ...toPutBase } })) > 0) return false
  return (await db.logPiece.count({ where: { clusterId, storeId, ...toPut } })) === 0
}

async function run(context: ServiceContext, due: Due, owner: string) {
  const { clock } = context
  if (await isIdle(context, due)) {
    return { lastOkAt: new Date(clock.now()), nextRunAt: new Date(clock.now() + EVERY_MS) }
  }
  try {
    const stillOwned = () => assertOwned(context, due.id, owner)
    const pieces = await mirrorLogs(context, due, stillOwned)
    // Pieces first: they are what is new each minute.
    const bases = pieces.isCut ? { missing: 0, elsewhere: null } : await mirrorBases(context, due, stillOwned)
    const done: MirrorRun = {
      ...pieces,
      missing: pieces.missing + bases.missing,
      elsewhere: pieces.elsewhere ?? bases.elsewhere,
    }
    const nowMs = clock.now()
    const isWhole = done.missing === 0
    return {
      missing: done.missing,
      ...(done.last === null ? {} : { lastZxid: done.last.last, lastTxnAt: new Date(done.last.maxTimeMs) }),
      ...(isWhole ? { lastOkAt: new Date(nowMs), error: null } : errorOf(context, due, done)),
      nextRunAt: new Date(done.isCut ? nowMs : nowMs + EVERY_MS),
    }
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'CANCELLED') return {}
    const id = context.newId()
    const { clusterId, storeId } = due
    context.log.warn({ id, clusterId, store: storeId, error: formatErrorLine(error) }, 'The log could not be mirrored')
    return { error: JSON.stringify(describeFailure(error, id)), nextRunAt: new Date(clock.now() + 2 * EVERY_MS) }
  }
}

function errorOf(context: ServiceContext, due: Due, { elsewhere, missing }: MirrorRun): { error?: string } {
  const sinceMs = context.clock.now() - (due.lastOkAt ?? due.createdAt).getTime()
  if (elsewhere === null || sinceMs < ELSEWHERE_MS) return {}
  const fault = new ServiceError(
    'NOT_FOUND',
    `${countOf(missing, 'part')} of the log cannot be read on this host: ${elsewhere}`,
    { remedy: 'start a worker on the host that has them, or test the stores that do' },
  )
  return { error: JSON.stringify(describeFailure(fault, context.newId())) }
}

async function isOwned({ db, clock }: ServiceContext, id: string, owner: string): Promise<boolean> {
  const { count } = await db.logMirror.updateMany({
    where: { id, leaseOwner: owner },
    data: { leaseUntil: new Date(clock.now() + LEASE_MS) },
  })
  return count === 1
}

async function assertOwned(context: ServiceContext, id: string, owner: string): Promise<void> {
  if (await isOwned(context, id, owner)) return
  throw new ServiceError('WRONG_STATE', 'Another worker mirrors this log now', {
    unaffected: 'what was sent is there',
    remedy: 'nothing: it goes on',
  })
}

/** A store that the cluster does not name any more is left as it is. */
async function isWanted(
  { db }: ServiceContext,
  { clusterId, storeId }: { readonly clusterId: string; readonly storeId: string },
): Promise<boolean> {
  return storeId === DEFAULT_STORE_ID || (await listTargets({ db }, clusterId)).includes(storeId)
}

async function listTargets({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string[]> {
  const cluster = await db.cluster.findUnique({ where: { id: clusterId }, select: { storeId: true } })
  const rules = await db.copyRule.findMany({ where: { clusterId }, orderBy: { id: 'asc' }, select: { storeId: true } })
  return [...new Set([DEFAULT_STORE_ID, ...(cluster ? [cluster.storeId] : []), ...rules.map(({ storeId }) => storeId)])]
}

async function addTargets(context: ServiceContext, clusterId: string): Promise<void> {
  const { db, clock } = context
  const known = await db.logMirror.findMany({ where: { clusterId }, select: { storeId: true } })
  for (const storeId of await listTargets(context, clusterId)) {
    if (known.some((row) => row.storeId === storeId)) continue
    const nextRunAt = new Date(clock.now())
    await db.logMirror.upsert({
      where: { clusterId_storeId: { clusterId, storeId } },
      create: { id: context.newId(), clusterId, storeId, nextRunAt, createdAt: nextRunAt },
      update: {},
      select: { id: true },
    })
  }
}

/** A cluster whose log is kept, or has been, in whatever way. */
async function addMissingRows(context: ServiceContext): Promise<boolean> {
  const { db } = context
  const kept = await db.logKeeping.findMany({ select: { clusterId: true } })
  const followed = await db.clusterFollow.findMany({ select: { clusterId: true } })
  const ids = [...new Set([...kept, ...followed].map(({ clusterId }) => clusterId))]
  if (ids.length === 0) return false
  const known = new Set(
    (await db.logMirror.findMany({ where: { storeId: DEFAULT_STORE_ID }, select: { clusterId: true } })).map(
      ({ clusterId }) => clusterId,
    ),
  )
  const missing = await db.cluster.findMany({
    where: { removedAt: null, id: { in: ids.filter((id) => !known.has(id)) } },
    orderBy: { id: 'asc' },
    take: 100,
    select: { id: true },
  })
  for (const { id } of missing) await addTargets(context, id)
  return missing.length > 0
}
