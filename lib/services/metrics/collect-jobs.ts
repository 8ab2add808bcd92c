import { JOB_DEFINITIONS } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import type { MetricSink } from './metric-sink.ts'

const OUTCOMES = ['succeeded', 'failed', 'cancelled'] as const

/** What waits, what runs, and how it ended. Every kind is there from the start: what is missing cannot be told from what is 0. */
export async function collectJobs({ db, clock }: ServiceContext, sink: MetricSink): Promise<void> {
  const rows = await db.job.groupBy({ by: ['kind', 'state'], _count: { _all: true } })
  const countOf = (kind: string, state: string) =>
    rows.find((row) => row.kind === kind && row.state === state)?._count._all ?? 0
  for (const state of ['queued', 'running', ...OUTCOMES]) {
    const ofState = rows.filter((row) => row.state === state)
    sink.set(
      'arkeeper_jobs',
      ofState.reduce((sum, row) => sum + row._count._all, 0),
      { state },
    )
  }
  for (const kind of Object.keys(JOB_DEFINITIONS)) {
    for (const state of ['queued', 'running']) sink.set('arkeeper_jobs_open', countOf(kind, state), { kind, state })
    for (const outcome of OUTCOMES) sink.set('arkeeper_jobs_ended_total', countOf(kind, outcome), { kind, outcome })
    const last = await db.job.findFirst({
      where: { kind, state: { in: [...OUTCOMES] }, startedAt: { not: null }, finishedAt: { not: null } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { startedAt: true, finishedAt: true },
    })
    if (!last?.startedAt || !last.finishedAt) continue
    const tookMs = Math.max(0, last.finishedAt.getTime() - last.startedAt.getTime())
    sink.set('arkeeper_job_last_duration_seconds', tookMs / 1000, { kind })
  }
  const oldest = await db.job.findFirst({
    where: { state: 'queued' },
    orderBy: [{ runAfter: 'asc' }, { id: 'asc' }],
    select: { runAfter: true },
  })
  const waitedMs = oldest ? Math.max(0, clock.now() - oldest.runAfter.getTime()) : 0
  sink.set('arkeeper_job_queue_oldest_age_seconds', waitedMs / 1000)
}
