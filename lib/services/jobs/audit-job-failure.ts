import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { Clock } from '../../base/clock.ts'
import { SYSTEM_ACTOR } from '../../jobs/enqueue-job.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { Action } from '../policy.ts'

/** What was asked for, by kind of job. A run of a restore writes its own entries, before and after. */
const ACTION_OF: Readonly<Record<string, Action>> = {
  backup: 'backup.start',
  import: 'backup.import',
  verify: 'backup.verify',
  drill: 'backup.drill',
  diff: 'diff.start',
  search: 'search.start',
  'plan-restore': 'restore.plan',
}

/** A job that was started in the audit and failed has failed in the audit too; in the transaction that ends it. */
export async function auditJobFailure(
  tx: Prisma.TransactionClient,
  clock: Clock,
  job: { readonly id: string; readonly kind: string },
  message: string,
): Promise<void> {
  const action = ACTION_OF[job.kind]
  if (action === undefined) return
  const row = await tx.job.findUnique({
    where: { id: job.id },
    select: { actorId: true, actorName: true, clusterId: true, otherClusterId: true },
  })
  if (!row) return
  const cluster =
    row.clusterId === null
      ? null
      : await tx.cluster.findUnique({ where: { id: row.clusterId }, select: { id: true, name: true } })
  const isPerson = row.actorId !== SYSTEM_ACTOR
  const actor = { kind: isPerson ? 'user' : 'system', id: isPerson ? row.actorId : null, name: row.actorName } as const
  // The role decides nothing here: the deed was allowed when it was asked for.
  await writeAudit(
    tx,
    { actor: { ...actor, role: 'viewer' }, clock },
    {
      action,
      outcome: 'failed',
      cluster,
      otherClusterId: row.otherClusterId,
      after: { job: job.id },
      message,
    },
  )
}
