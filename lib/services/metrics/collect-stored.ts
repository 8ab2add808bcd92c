import type { ServiceContext } from '../context.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

const RUN_STATES = ['succeeded', 'failed', 'cancelled', 'skipped', 'missed']

/** When schedules are due, and what became of their times. Those that are off are not there. */
export async function collectSchedules({ db }: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  const schedules = await db.schedule.findMany({
    where: { enabled: true },
    orderBy: { id: 'asc' },
    select: { id: true, clusterId: true, name: true, nextRunAt: true },
  })
  const by = ['scheduleId', 'state'] as const
  const runs = await db.scheduleRun.groupBy({ by: [...by], _count: { _all: true }, _max: { finishedAt: true } })
  for (const { id, clusterId, name, nextRunAt } of schedules) {
    const cluster = names.get(clusterId)
    if (cluster === undefined) continue
    const labels = { cluster, schedule: name }
    sink.setTime('arkeeper_schedule_next_run_timestamp_seconds', nextRunAt, labels)
    const of = (state: string) => runs.find((row) => row.scheduleId === id && row.state === state)
    sink.setTime('arkeeper_schedule_last_success_timestamp_seconds', of('succeeded')?._max.finishedAt, labels)
    for (const state of RUN_STATES) {
      sink.set('arkeeper_schedule_runs_total', of(state)?._count._all ?? 0, { ...labels, state })
    }
  }
}

/** Copies in other stores, and how removal goes. */
export async function collectStored({ db }: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  const stores = new Map(
    (await db.store.findMany({ select: { id: true, name: true } })).map((row) => [row.id, row.name]),
  )
  for (const [clusterId, cluster] of names) {
    const copies = await db.backupCopy.groupBy({
      by: ['storeId', 'state'],
      where: { backup: { clusterId, deletedAt: null } },
      _count: { _all: true },
    })
    for (const { storeId, state, _count } of copies) {
      const store = stores.get(storeId) ?? storeId
      sink.set('arkeeper_backup_copies', _count._all, { cluster, store, state })
    }
  }
  const pending = await db.backup.groupBy({
    by: ['clusterId'],
    where: { removePending: true },
    _count: { _all: true },
  })
  const runs = await db.keepRun.findMany({ select: { clusterId: true, lastOutcome: true } })
  for (const [clusterId, cluster] of names) {
    const count = pending.find((row) => row.clusterId === clusterId)?._count._all ?? 0
    sink.set('arkeeper_backups_removal_pending', count, { cluster })
    const outcome = runs.find((row) => row.clusterId === clusterId)?.lastOutcome
    if (outcome) sink.set('arkeeper_keep_rules_stopped', ['stopped', 'failed'].includes(outcome) ? 1 : 0, { cluster })
  }
}
