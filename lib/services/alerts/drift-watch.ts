import type { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setDriftWatchSchema } from './schemas.ts'
import type { DriftWatchView } from './views.ts'

/** Null: no baseline was ever chosen. Throws NOT_FOUND for a cluster that is not there. */
export async function getDriftWatch(context: ServiceContext, clusterId: string): Promise<DriftWatchView | null> {
  const { id } = await getClusterForWriting(context, clusterId)
  const row = await context.db.driftWatch.findUnique({ where: { clusterId: id } })
  if (!row) return null
  return {
    enabled: row.enabled,
    backupId: row.backupId,
    path: row.path,
    everyMinutes: row.everyMinutes,
    znodesMax: row.znodesMax,
    nextRunAt: row.enabled ? row.nextRunAt.toISOString() : null,
    lastRunAt: row.lastRunAt?.toISOString() ?? null,
    last: row.lastOkAt && {
      at: row.lastOkAt.toISOString(),
      added: row.added ?? 0,
      removed: row.removed ?? 0,
      changed: row.changed ?? 0,
      ignored: row.ignored ?? 0,
      compared: row.compared ?? 0,
    },
    error: row.error,
  }
}

/** A backup of this cluster is what it should be like; how far it is from that is measured by the clock, the first time at once. */
export async function setDriftWatch(
  context: ServiceContext,
  input: z.input<typeof setDriftWatchSchema>,
): Promise<void> {
  const { clusterId, path: pathText, ...chosen } = parseInput(setDriftWatchSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const path = parsePath(pathText)
  const backup = await context.db.backup.findFirst({
    where: { id: chosen.backupId, clusterId: id, deletedAt: null },
    select: { id: true },
  })
  if (!backup) throw new ServiceError('NOT_FOUND', `There is no backup ${chosen.backupId} of ${name}`)
  const nextRunAt = new Date(context.clock.now())
  const after = { ...chosen, path }
  await mutate(context, { action: 'alert.watch-drift', cluster: { id, name }, path, after }, async (tx, record) => {
    const known = await tx.driftWatch.findUnique({ where: { clusterId: id } })
    if (known) record({ before: { enabled: known.enabled, backupId: known.backupId, znodesMax: known.znodesMax } })
    const isOther = known?.backupId !== chosen.backupId || known.path !== path
    // What was measured against another baseline says nothing of this one.
    const anew = isOther
      ? { lastOkAt: null, added: null, removed: null, changed: null, ignored: null, compared: null, error: null }
      : {}
    const data = { ...chosen, path, nextRunAt, leaseOwner: null, leaseUntil: null, ...anew }
    await tx.driftWatch.upsert({
      where: { clusterId: id },
      create: { clusterId: id, createdAt: nextRunAt, ...data },
      update: data,
      select: { clusterId: true },
    })
  })
}
