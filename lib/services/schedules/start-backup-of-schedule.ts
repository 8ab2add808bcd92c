import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { toPaths } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'
import { type ScheduleRow, toSources } from './schedule-row.ts'

/** Runs that are older say nothing any more that backups, jobs and the audit do not say. */
const RUNS_KEPT_MS = 400 * 24 * 3_600_000

export interface RunToWrite {
  readonly id: string
  readonly kind: 'due' | 'make-up' | 'by-hand'
  readonly dueAt: Date
  readonly missed?: { readonly count: number; readonly from: Date; readonly to: Date }
  readonly reason: string | null
}

/** The run, and the job that takes its backup: one is never there without the other. */
export async function writeStartedRun(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  tx: Transaction,
  row: ScheduleRow,
  run: RunToWrite & { readonly jobId: string; readonly backupId: string },
): Promise<void> {
  const nowMs = context.clock.now()
  const paths = toPaths(row.scopePaths)
  const sources = toSources(row.sources)
  await writeRun(tx, row, run, { state: 'started', jobId: run.jobId, backupId: run.backupId, nowMs })
  await enqueueJob(tx, {
    id: run.jobId,
    kind: 'backup',
    payload: {
      backupId: run.backupId,
      clusterId: row.clusterId,
      paths: paths.length > 0 ? paths : ['/'],
      note: row.note,
      source: sources[0] ?? 'client',
      sources,
      schedule: { id: row.id, name: row.name },
      moment: null,
    },
    clusterId: row.clusterId,
    subjectId: run.backupId,
    actor: context.actor,
    nowMs,
  })
}

/** A run that started nothing: it was skipped, or nobody was there. */
export async function writeIdleRun(
  tx: Transaction,
  row: ScheduleRow,
  run: RunToWrite,
  state: 'skipped' | 'missed',
  nowMs: number,
): Promise<void> {
  await writeRun(tx, row, run, { state, jobId: null, backupId: null, nowMs })
}

async function writeRun(
  tx: Transaction,
  row: ScheduleRow,
  { id, kind, dueAt, missed, reason }: RunToWrite,
  more: {
    readonly state: string
    readonly jobId: string | null
    readonly backupId: string | null
    readonly nowMs: number
  },
): Promise<void> {
  const { state, jobId, backupId, nowMs } = more
  const createdAt = new Date(nowMs)
  await tx.scheduleRun.create({
    data: {
      id,
      scheduleId: row.id,
      scheduleName: row.name,
      clusterId: row.clusterId,
      dueAt,
      kind,
      state,
      reason,
      missedCount: missed?.count ?? 0,
      missedFrom: missed?.from ?? null,
      missedTo: missed?.to ?? null,
      jobId,
      backupId,
      createdAt,
      finishedAt: state === 'started' ? null : createdAt,
    },
    select: { id: true },
  })
  await tx.scheduleRun.deleteMany({
    where: { scheduleId: row.id, dueAt: { lt: new Date(nowMs - RUNS_KEPT_MS) } },
  })
}
