import { formatUtcTime } from '../../base/format-utc-time.ts'
import { plannedAt, planTurn, type Turn } from '../../domain/retention/schedule-turn.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { keepBooks, mutate, type Transaction } from '../gate.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { jitterOf, SCHEDULE_COLUMNS, type ScheduleRow, timesOf } from './schedule-row.ts'
import { type RunToWrite, writeIdleRun, writeStartedRun } from './start-backup-of-schedule.ts'

interface Claim {
  readonly row: ScheduleRow
  readonly owner: string
  readonly token: number
  readonly nowMs: number
}

/**
 * One turn of one schedule that is due, as `owner`; false when none is. Any number of workers may ask at once: the row is taken by a guarded
 * update whose token fences off a former owner, and in one transaction the schedule moves on, the run is written and its job is queued. A
 * second run of one time is refused by a unique index besides.
 */
export async function runDueSchedules(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    enabled: true,
    nextRunAt: { lte: now },
    AND: [leaseIsFree(now), { OR: [{ pausedUntil: null }, { pausedUntil: { lte: now } }] }],
  }
  const due = await db.schedule.findFirst({
    where: isDue,
    orderBy: [{ nextRunAt: 'asc' }, { id: 'asc' }],
    select: { ...SCHEDULE_COLUMNS, leaseToken: true },
  })
  if (!due) return false
  const { leaseToken, ...row } = due
  const token = leaseToken + 1
  const { count } = await db.schedule.updateMany({
    where: { ...isDue, id: row.id, leaseToken },
    data: { leaseOwner: owner, leaseToken: token, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 1) await takeTurn(context, { row, owner, token, nowMs: now.getTime() })
  return true
}

async function takeTurn(context: ServiceContext, claim: Claim): Promise<void> {
  const { row, nowMs } = claim
  const times = timesOf(row)
  const cluster = await context.db.cluster.findFirst({
    where: { id: row.clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  const subject = { action: 'backup.start', cluster: cluster ?? { id: row.clusterId, name: row.clusterId } } as const
  const turn = times && planTurn({ times, ...jitterOf(row), nextDueMs: row.nextDueAt.getTime(), nowMs })
  if (cluster === null || times === null) {
    // The cluster is gone, or the zone is not known on this host any more: the page says so where there is one.
    await keepBooks(context, subject, (tx) => moveOn(tx, claim, null))
    return
  }
  // It was changed between the question and the claim.
  if (turn === null) {
    await context.db.schedule.updateMany({
      where: { id: row.id, leaseOwner: claim.owner, leaseToken: claim.token },
      data: { nextRunAt: new Date(plannedAt(times, jitterOf(row), row.nextDueAt.getTime())), leaseOwner: null },
    })
    return
  }
  const isServed = await context.db.scheduleRun.count({
    where: { scheduleId: row.id, dueAt: new Date(dueOf(turn)) },
  })
  if (isServed > 0) {
    await keepBooks(context, subject, (tx) => moveOn(tx, claim, turn))
    return
  }
  const run = toRun(context, row, turn)
  if (turn.start === null) {
    await keepBooks(context, subject, async (tx) => {
      await moveOn(tx, claim, turn)
      await writeIdleRun(tx, row, run, 'missed', nowMs)
    })
    return
  }
  const other = await findOther(context, row)
  if (other.skip !== null) {
    await keepBooks(context, subject, async (tx) => {
      await moveOn(tx, claim, turn)
      await writeIdleRun(tx, row, { ...run, reason: joined(run.reason, other.skip) }, 'skipped', nowMs)
    })
    return
  }
  const [jobId, backupId] = [context.newId(), context.newId()]
  await mutate(
    context,
    { ...subject, path: pathsOf(row), after: { backup: backupId, job: jobId, schedule: row.id, run: run.id } },
    async (tx) => {
      await moveOn(tx, claim, turn)
      await writeStartedRun(context, tx, row, { ...run, reason: joined(run.reason, other.wait), jobId, backupId })
    },
  )
}

/** Only as its owner, and in the transaction of what the turn writes: who was fenced off writes nothing. */
async function moveOn(tx: Transaction, { row, owner, token }: Claim, turn: Turn | null): Promise<void> {
  const next =
    turn?.nextDueMs != null && turn.nextRunMs != null
      ? { nextDueAt: new Date(turn.nextDueMs), nextRunAt: new Date(turn.nextRunMs) }
      : { enabled: false }
  const { count } = await tx.schedule.updateMany({
    where: { id: row.id, leaseOwner: owner, leaseToken: token },
    data: { ...next, leaseOwner: null, leaseUntil: null },
  })
  if (count === 1) return
  throw new ServiceError('WRONG_STATE', `The schedule ${row.name} was changed, or taken over by another worker`, {
    unaffected: 'this worker has started nothing',
  })
}

const dueOf = ({ start, missed }: Turn) => start?.dueMs ?? missed?.toMs ?? 0

function toRun({ newId }: ServiceContext, row: ScheduleRow, turn: Turn): RunToWrite {
  const { start, missed, nextRunMs } = turn
  const base = { id: newId(), kind: start?.kind ?? 'due', dueAt: new Date(dueOf(turn)) } as const
  if (missed === null) return { ...base, reason: null }
  const wasPaused = row.pausedUntil !== null && row.pausedUntil.getTime() > missed.fromMs
  const why = wasPaused ? 'The schedule was paused' : 'No worker was there to start it, or the database was away'
  const notMadeUp =
    start === null && nextRunMs !== null ? `not made up: the next run is due ${formatUtcTime(nextRunMs)}` : null
  return {
    ...base,
    missed: { count: missed.count, from: new Date(missed.fromMs), to: new Date(missed.toMs) },
    reason: joined(missed.isMore ? `${why}; more were missed than are counted` : why, notMadeUp),
  }
}

/** What another backup of the cluster means for this run: it waits in the queue, which has one of a cluster at work, or it is skipped. */
async function findOther(
  { db }: ServiceContext,
  row: ScheduleRow,
): Promise<{ readonly skip: string | null; readonly wait: string | null }> {
  const jobs = await db.job.findMany({
    where: { kind: 'backup', clusterId: row.clusterId, state: { in: ['queued', 'running'] } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { id: true, state: true, actorName: true, createdAt: true },
  })
  const [first] = jobs
  if (first === undefined) return { skip: null, wait: null }
  const since = `asked for by ${first.actorName} ${formatUtcTime(first.createdAt.getTime())}`
  const what = `Another backup of the cluster ${first.state === 'running' ? 'ran' : 'waited'} (${since})`
  if (row.overlap === 'skip') return { skip: what, wait: null }
  const queued = jobs.flatMap(({ id, state }) => (state === 'queued' ? [id] : []))
  const own = await db.scheduleRun.findFirst({
    where: { scheduleId: row.id, jobId: { in: queued } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { dueAt: true },
  })
  if (own === null) return { skip: null, wait: `${what}: this one waits for it` }
  return { skip: `The run due ${formatUtcTime(own.dueAt.getTime())} still waited for its turn`, wait: null }
}

const joined = (...parts: (string | null)[]) => parts.filter((part) => part !== null).join('; ') || null

function pathsOf({ scopePaths }: ScheduleRow): string {
  return Array.isArray(scopePaths) ? scopePaths.join(' ') : '/'
}
