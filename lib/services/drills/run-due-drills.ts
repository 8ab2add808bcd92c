import { LEASE_MS } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { UNDAMAGED_BACKUP } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import { mutate, type Transaction } from '../gate.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import type { DrillTurn } from './views.ts'

const HOUR_MS = 3_600_000

/**
 * One turn of one schedule that is due, as `owner`; false when none is. Several workers may ask at once: a row is taken by a guarded
 * update, and its next turn is set in the transaction that queues the drill, so that a turn is neither lost nor taken twice. Turns that
 * were missed while no worker ran are made up by this one. A backup that was drilled already is not drilled again by the clock.
 */
export async function runDueDrills(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    enabled: true,
    nextRunAt: { lte: now },
    ...leaseIsFree(now),
  }
  const due = await db.drillSchedule.findFirst({ where: isDue, orderBy: { nextRunAt: 'asc' } })
  if (!due) return false
  const { clusterId } = due
  const { count } = await db.drillSchedule.updateMany({
    where: { ...isDue, clusterId },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true

  const end = (writer: Pick<Transaction, 'drillSchedule'>, lastOutcome: DrillTurn) =>
    writer.drillSchedule.updateMany({
      where: { clusterId, leaseOwner: owner },
      data: {
        leaseOwner: null,
        leaseUntil: null,
        lastRunAt: now,
        lastOutcome,
        nextRunAt: new Date(now.getTime() + due.everyHours * HOUR_MS),
      },
    })
  const cluster = await db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  if (!cluster) {
    await db.drillSchedule.updateMany({ where: { clusterId }, data: { enabled: false, leaseOwner: null } })
    return true
  }
  const found = await findBackupToDrill(context, clusterId)
  if (found.turn !== 'started') {
    await end(db, found.turn)
    return true
  }
  const { backupId } = found
  const jobId = context.newId()
  await mutate(context, { action: 'backup.drill', cluster, after: { backup: backupId, job: jobId } }, async (tx) => {
    await end(tx, 'started')
    await enqueueJob(tx, {
      id: jobId,
      kind: 'drill',
      payload: { backupId, limitMinutes: due.limitMinutes },
      clusterId,
      subjectId: backupId,
      actor: context.actor,
      nowMs: now.getTime(),
    })
  })
  return true
}

type ToDrill =
  | { readonly turn: 'started'; readonly backupId: string }
  | { readonly turn: Exclude<DrillTurn, 'started'> }

async function findBackupToDrill({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<ToDrill> {
  const backup = await db.backup.findFirst({
    where: { clusterId, ...UNDAMAGED_BACKUP },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    select: { id: true, drillOk: true },
  })
  if (!backup) return { turn: 'no-backup' }
  if (backup.drillOk !== null) return { turn: backup.drillOk ? 'proved-already' : 'failed-already' }
  const atWork = await db.job.count({
    where: { kind: 'drill', subjectId: backup.id, state: { in: ['queued', 'running'] } },
  })
  return atWork > 0 ? { turn: 'at-work' } : { turn: 'started', backupId: backup.id }
}
