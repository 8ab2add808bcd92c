import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { startAuditedReading } from '../gate.ts'
import { findRestoreClusters } from '../restores/find-restore.ts'
import { readUnpackedBackup } from '../stores/archive-folder.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { getPhysicalRow, getPhysicalSource, getPlan } from './find-physical.ts'
import { formatRunbook } from './format-runbook.ts'
import { blockersOf } from './plan-physical.ts'
import { tarBytes, tarStream } from './tar-stream.ts'

export interface Bundle {
  readonly name: string
  readonly bytes: number
  readonly stream: AsyncIterable<Uint8Array>
}

/** Runbook, snapshot under its final name, and its SHA-256, as one tar file made while it is read. */
export async function openBundle(context: ServiceContext, physicalId: string): Promise<Bundle> {
  const row = await getPhysicalRow(context, physicalId)
  const plan = getPlan(row)
  if (plan.way === 'admin') throw new ServiceError('NOT_FOUND', 'A restore through AdminServers has no bundle')
  const blocker = blockersOf(plan)[0]
  if (blocker) {
    throw new ServiceError('WRONG_STATE', `There is no bundle while something stands in the way: ${blocker.message}`, {
      remedy: blocker.remedy ?? undefined,
    })
  }
  const backup = await getBackupRow(context, row.backupId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  await assertMaySeeAll(context, {
    action: 'physical-restore.download',
    cluster: { id: backup.clusterId, name: backup.clusterName },
    after: { physicalRestore: physicalId, backup: row.backupId },
  })
  const reading = await startAuditedReading(context, {
    action: 'physical-restore.download',
    cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
    after: { physicalRestore: physicalId, backup: row.backupId, file: plan.fileName },
  })
  const clusterName = cluster?.name ?? backup.clusterName
  const madeAt = row.createdAt.toISOString()
  const runbook = Buffer.from(formatRunbook(plan, { clusterName, sourceLabel: row.sourceLabel, madeAt }))
  const sums = Buffer.from(`${plan.sha256}  ${plan.fileName}\n`)
  const files = [
    { name: 'RUNBOOK.md', bytes: runbook.length, body: [runbook] },
    { name: 'SHA256SUMS', bytes: sums.length, body: [sums] },
    {
      name: plan.fileName,
      bytes: plan.bytes,
      body: readUnpackedBackup(context, await getPhysicalSource(context, row)),
    },
  ]
  async function* audited() {
    let outcome: 'ok' | 'failed' = 'failed'
    try {
      yield* tarStream(files, row.createdAt.getTime())
      outcome = 'ok'
    } finally {
      await reading.end(outcome)
    }
  }
  return {
    name: `${clusterName.replaceAll(/[^\w.-]+/g, '_')}-${plan.fileName}.tar`,
    bytes: tarBytes(files),
    stream: audited(),
  }
}
