import { formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import { createPeriodNamer, nextHour } from '../../domain/retention/keep-periods.ts'
import { isInHours, mayReread, pickReread, rereadBudget } from '../../domain/retention/reread-plan.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { mutate, type Transaction } from '../gate.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { type BaseTarget, listBaseTargets, rereadBase } from '../logs/reread-base.ts'
import { listPieceTargets, type PieceTarget, rereadPiece } from '../logs/reread-piece.ts'
import { type ArchivePlaceRow, listArchivePlaces } from './list-places.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** From one look to the next while something is to be read. */
const AGAIN_MS = MINUTE_MS
/** A worker without a sign of life for so long is not counted. */
const SEEN_MS = MINUTE_MS

/** How a turn went. Only `started` made a job. */
export type RereadTurn = 'started' | 'at-work' | 'busy' | 'nothing' | 'used-up' | 'not-now'

/**
 * One turn of the reading again of one cluster's archives, as `owner`; false when none is due. It gives way to everything else: an archive is
 * read only while nothing waits in the queue, one at a time of a cluster, and by no more workers than leave a place free each.
 */
export async function runDueRereads(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    enabled: true,
    nextRunAt: { lte: now },
    ...leaseIsFree(now),
  }
  const due = await db.rereadSchedule.findFirst({
    where: isDue,
    orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
  })
  if (!due) return addMissingRows(context)
  const { clusterId } = due
  const { count } = await db.rereadSchedule.updateMany({
    where: { ...isDue, clusterId },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true
  const cluster = await db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  if (!cluster) {
    await db.rereadSchedule.deleteMany({ where: { clusterId, leaseOwner: owner } })
    return true
  }
  const day = dayOf(due, now.getTime())
  const decided = await decide(context, { ...due, ...day })
  const { turn, place } = decided
  let { nextRunAtMs } = decided
  const end = (writer: Pick<Transaction, 'rereadSchedule'>, readBytes: number) =>
    writer.rereadSchedule.updateMany({
      where: { clusterId, leaseOwner: owner },
      data: {
        leaseOwner: null,
        leaseUntil: null,
        lastRunAt: now,
        lastOutcome: turn,
        nextRunAt: new Date(nextRunAtMs),
        dayStartedAt: new Date(day.dayStartedAtMs),
        dayBytes: BigInt(day.dayBytes + readBytes),
      },
    })
  if (!place) {
    await end(db, 0)
    return true
  }
  if ('pieceId' in place || 'baseId' in place) {
    // A few MiB at most, or one base: it is read here and now.
    const reading =
      'pieceId' in place ? rereadPiece(context, cluster, place.pieceId) : rereadBase(context, cluster, place.baseId)
    await reading.catch((error: unknown) => {
      throwIfAborted(context.signal)
      context.log.warn(
        { cluster: cluster.name, error: formatErrorLine(error) },
        'A part of a transaction log could not be read again',
      )
      nextRunAtMs = now.getTime() + HOUR_MS
    })
    await end(db, place.bytes)
    return true
  }
  const jobId = context.newId()
  const after = { backup: place.backupId, job: jobId, store: place.storeId }
  await mutate(context, { action: 'backup.verify', cluster, after }, async (tx) => {
    await end(tx, place.bytes)
    await enqueueJob(tx, {
      id: jobId,
      kind: 'verify',
      payload: { backupId: place.backupId, copyId: place.copyId },
      clusterId,
      subjectId: place.backupId,
      actor: context.actor,
      nowMs: now.getTime(),
    })
  })
  return true
}

interface Schedule {
  readonly clusterId: string
  readonly everyDays: number
  readonly bytesPerDayMax: bigint | null
  readonly fromHour: number
  readonly toHour: number
  readonly timeZone: string
  readonly dayStartedAtMs: number
  readonly dayBytes: number
}

async function decide(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  schedule: Schedule,
): Promise<{
  readonly turn: RereadTurn
  readonly place: ArchivePlaceRow | PieceTarget | BaseTarget | null
  readonly nextRunAtMs: number
}> {
  const nowMs = context.clock.now()
  const later = (turn: RereadTurn, nextRunAtMs: number) => ({ turn, place: null, nextRunAtMs })
  const { timeZone, fromHour, toHour, everyDays } = schedule
  if (!isInHours(hourOf(timeZone, nowMs), fromHour, toHour)) {
    return later('not-now', nextHour(timeZone, fromHour, nowMs))
  }
  const places = await listArchivePlaces(context.db, schedule.clusterId)
  const failed = await findFailed(context, schedule.clusterId)
  const ofLog = [
    ...(await listPieceTargets(context, schedule.clusterId)),
    ...(await listBaseTargets(context, schedule.clusterId)),
  ]
  const place = pickReread<ArchivePlaceRow | PieceTarget | BaseTarget>(
    [...places.filter(({ backupId }) => !failed.has(backupId)), ...ofLog],
    everyDays,
    nowMs,
  )
  if (!place) return later('nothing', nowMs + HOUR_MS)
  const bytesMax = schedule.bytesPerDayMax === null ? null : Number(schedule.bytesPerDayMax)
  const total = [...places, ...ofLog].reduce((sum, { bytes }) => sum + bytes, 0)
  const today = { bytes: schedule.dayBytes, budget: rereadBudget(total, everyDays, bytesMax), bytesMax }
  if (!mayReread(today, place.bytes)) return later('used-up', schedule.dayStartedAtMs + DAY_MS)
  const obstacle = await findObstacle(context, schedule.clusterId)
  if (obstacle) return later(obstacle, nowMs + AGAIN_MS)
  return { turn: 'started', place, nextRunAtMs: nowMs + AGAIN_MS }
}

/** Backups that could not be read within the last day, as when their store is away: the others come first. */
async function findFailed(
  { db, clock }: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
): Promise<Set<string>> {
  const jobs = await db.job.findMany({
    where: { kind: 'verify', clusterId, state: 'failed', finishedAt: { gt: new Date(clock.now() - DAY_MS) } },
    select: { subjectId: true },
  })
  return new Set(jobs.flatMap(({ subjectId }) => subjectId ?? []))
}

async function findObstacle(
  { db, clock }: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
): Promise<'at-work' | 'busy' | null> {
  const active = { state: { in: ['queued', 'running'] } }
  if ((await db.job.count({ where: { ...active, kind: 'verify', clusterId } })) > 0) return 'at-work'
  const nowMs = clock.now()
  if ((await db.job.count({ where: { state: 'queued', runAfter: { lte: new Date(nowMs) } } })) > 0) return 'busy'
  const checks = await db.job.count({ where: { ...active, kind: { in: ['verify', 'drill'] } } })
  const workers = await db.workerHeartbeat.count({ where: { seenAt: { gt: new Date(nowMs - SEEN_MS) } } })
  return checks >= Math.max(1, workers) ? 'busy' : null
}

/** The day that bytes are counted of: a new one begins when 24 hours are over, or the clock was set back behind its beginning. */
function dayOf(due: { readonly dayStartedAt: Date; readonly dayBytes: bigint }, nowMs: number) {
  const startedMs = due.dayStartedAt.getTime()
  return nowMs >= startedMs && nowMs < startedMs + DAY_MS
    ? { dayStartedAtMs: startedMs, dayBytes: Number(due.dayBytes) }
    : { dayStartedAtMs: nowMs, dayBytes: 0 }
}

function hourOf(timeZone: string, nowMs: number): number {
  return Number(createPeriodNamer(timeZone).nameOf('hourly', nowMs).slice(11, 13))
}

/** Every cluster has a row, which is on: nobody has to think of it. */
async function addMissingRows({ db, clock }: ServiceContext): Promise<boolean> {
  const [clusters, rows] = [await db.cluster.count({ where: { removedAt: null } }), await db.rereadSchedule.count()]
  if (clusters <= rows) return false
  const known = await db.rereadSchedule.findMany({ select: { clusterId: true } })
  const missing = await db.cluster.findMany({
    where: { removedAt: null, id: { notIn: known.map(({ clusterId }) => clusterId) } },
    orderBy: { id: 'asc' },
    take: 100,
    select: { id: true },
  })
  const now = new Date(clock.now())
  for (const { id: clusterId } of missing) {
    await db.rereadSchedule.upsert({
      where: { clusterId },
      create: { clusterId, nextRunAt: now, dayStartedAt: now },
      update: {},
      select: { clusterId: true },
    })
  }
  return missing.length > 0
}
