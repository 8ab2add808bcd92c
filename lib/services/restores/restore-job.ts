import { join } from 'node:path'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'

type Given = 'id' | 'dir' | 'createdById' | 'createdAt' | 'jobId'

/** A restore as it begins: its row, and the job that makes its plan. */
export async function beginRestore(
  context: Pick<ServiceContext, 'actor'>,
  tx: Transaction,
  { restoreId, jobId, nowMs }: { readonly restoreId: string; readonly jobId: string; readonly nowMs: number },
  row: Omit<Prisma.RestoreUncheckedCreateInput, Given>,
): Promise<void> {
  await tx.restore.create({
    data: {
      ...row,
      id: restoreId,
      dir: join('restores', restoreId),
      createdById: context.actor.id ?? 'system',
      createdAt: new Date(nowMs),
      jobId,
    },
    select: { id: true },
  })
  const restore = { id: restoreId, clusterId: row.clusterId, otherClusterId: row.otherClusterId ?? null }
  await enqueueRestoreJob(context, tx, { kind: 'plan-restore', id: jobId, nowMs, restore })
}

/** The job that plans a restore (`lines`: which of them; all unless said) or runs it. */
export async function enqueueRestoreJob(
  context: Pick<ServiceContext, 'actor'>,
  tx: Transaction,
  job: {
    readonly kind: 'plan-restore' | 'run-restore'
    readonly id: string
    readonly nowMs: number
    readonly restore: { readonly id: string; readonly clusterId: string; readonly otherClusterId: string | null }
    readonly lines?: 'all' | 'stale'
  },
): Promise<void> {
  const { kind, id, nowMs, restore, lines } = job
  await enqueueJob(tx, {
    id,
    kind,
    payload: { restoreId: restore.id, ...(lines ? { lines } : {}) },
    clusterId: restore.clusterId,
    otherClusterId: restore.otherClusterId,
    subjectId: restore.id,
    actor: context.actor,
    nowMs,
  })
}
