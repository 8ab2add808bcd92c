import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { LaterWrites } from '../../domain/restore/plan-undo.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { netOf } from '../engine/txn-steps.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { getLoggedTxn, type LoggedTxn } from '../logs/find-transaction.ts'
import { parseZxid } from '../logs/list-znode-transactions.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import { beginRestore } from './restore-job.ts'
import { auditPathOf, describeScope, lowestAbove } from './restore-scope.ts'

/**
 * A restore that takes back what one transaction did, of whomever, found in the kept log: planned from how each place was just before it, then
 * confirmed like any other. What others have written there since is left as it is, unless `laterWrites` says otherwise.
 */
export async function undoTransaction(
  context: ServiceContext,
  input: { readonly clusterId: string; readonly zxid: string },
  options: { readonly laterWrites?: LaterWrites; readonly again?: string } = {},
): Promise<{ readonly restoreId: string; readonly jobId: string }> {
  const asked = parseZxid(input.zxid)
  const target = await getClusterTarget(context, input.clusterId)
  const cluster = { id: target.clusterId, name: target.clusterName }
  // Before the log is read: what it holds is no answer for who may not ask.
  await assertActorCan(context, { action: 'restore.plan', cluster, after: { transaction: formatHex64(asked) } })
  const found = await getLoggedTxn(context, { clusterId: cluster.id, zxid: asked })
  const { touched } = netOf(found.touches)
  assertUndoable(found, touched.length)
  const zxid = formatHex64(found.zxid)
  const scope = {
    kind: 'transaction' as const,
    zxid,
    znodes: touched.length,
    path: lowestAbove(touched.map(({ path }) => path)),
    laterWrites: options.laterWrites ?? 'keep',
  }
  const { clusterId, clusterName } = found
  const source = { kind: 'moment', clusterId, zxid: formatHex64(found.previous ?? found.zxid - 1n) } as const
  const restoreId = context.newId()
  const jobId = context.newId()
  const nowMs = context.clock.now()
  await mutate(
    context,
    {
      action: 'restore.plan',
      cluster,
      path: auditPathOf(scope),
      after: {
        restore: restoreId,
        transaction: zxid,
        scope: describeScope(scope),
        ...(options.laterWrites === 'overwrite' ? { laterWrites: 'overwrite' } : {}),
        ...(options.again ? { again: options.again } : {}),
      },
    },
    async (tx) => {
      await beginRestore(
        context,
        tx,
        { restoreId, jobId, nowMs },
        {
          clusterId,
          source: formatTreeRef(source),
          sourceLabel: `${clusterName} just before transaction ${zxid}`,
          scope,
          mode: 'mirror',
          onConflict: 'stop',
        },
      )
    },
  )
  return { restoreId, jobId }
}

function assertUndoable({ txn, zxid, touches, outside }: LoggedTxn, undoable: number): void {
  if (undoable > 0) return
  const at = formatHex64(zxid)
  const why =
    touches.length > 0
      ? 'what it touched belongs to sessions or to the servers themselves'
      : outside > 0
        ? `${countOf(outside, 'znode')} that it touched lie outside of this cluster's root`
        : txn.kind === 'error' || (txn.kind === 'multi' && txn.failed)
          ? 'it failed, and changed nothing'
          : 'it changed no znode'
  throw new ServiceError('INVALID_INPUT', `There is nothing to take back of transaction ${at}: ${why}`, {
    unaffected: 'nothing was planned',
    remedy: 'choose another transaction',
  })
}
