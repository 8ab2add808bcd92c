import { randomUUID } from 'node:crypto'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ConflictPolicy, PlanSummary } from '../../domain/restore/plan.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import type { OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { planTxnUndo } from '../engine/plan-txn-undo.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { getLoggedTxn } from '../logs/find-transaction.ts'
import { readBefore } from '../logs/read-before.ts'
import type { RestoreRow } from './find-restore.ts'
import { laterWritesOf } from './restore-scope.ts'

/** The plan that takes one transaction back. Reads its places only, in the log and on the cluster. */
export async function runTxnUndo(
  context: ServiceContext,
  row: RestoreRow,
  work: {
    readonly zxid: bigint
    readonly target: OpenableCluster
    readonly onConflict: ConflictPolicy
    readonly run: JobRun
    readonly folder: WorkFolder
  },
): Promise<PlanSummary> {
  const { zxid, target, onConflict, run, folder } = work
  const found = await getLoggedTxn(context, { clusterId: row.clusterId, zxid })
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    return await planTxnUndo(context, {
      zxid,
      touches: found.touches,
      salt: randomUUID(),
      readBefore: (touched, live) => readBefore(context, found, { touched, live }),
      dir: folder.dir,
      folder,
      connection,
      target,
      clusterName: target.clusterName,
      admins: await getAdminTargets(context, row.clusterId),
      onConflict,
      assertOwned: run.assertOwned,
      laterWrites: laterWritesOf(row.scope),
      source: row.sourceLabel,
    })
  } finally {
    await connection.close()
  }
}
