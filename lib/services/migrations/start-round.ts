import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'
import { beginRestore } from '../restores/restore-job.ts'
import { parseRestoreOptions } from '../restores/restore-options.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import type { MigrationRow } from './find-migration.ts'

const ZXID_TIMEOUT_MS = 5_000

/** Of the source, caught up with its leader; null when it does not answer: the plan will say why. */
export async function readSourceZxid(
  context: Pick<ServiceContext, 'sessions' | 'log'>,
  sourceId: string,
): Promise<bigint | null> {
  const signal = AbortSignal.timeout(ZXID_TIMEOUT_MS)
  try {
    const connection = await context.sessions.borrow(sourceId, { signal })
    return await withDeadline(connection.sync(ROOT), { what: 'The zxid of the source', timeoutMs: ZXID_TIMEOUT_MS })
  } catch (error) {
    context.log.debug({ sourceId, error: formatErrorLine(error) }, 'The source did not tell its zxid')
    return null
  }
}

/** One round is one restore: planned by the plan job of every restore, from the live source, as the actor of the context. */
export async function startRound(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'newId'>,
  tx: Transaction,
  round: { readonly row: MigrationRow; readonly number: number; readonly sourceZxid: bigint | null },
): Promise<void> {
  const { row, number, sourceZxid } = round
  const nowMs = context.clock.now()
  const restoreId = context.newId()
  const jobId = context.newId()
  await beginRestore(
    context,
    tx,
    { restoreId, jobId, nowMs },
    {
      clusterId: row.targetId,
      otherClusterId: row.sourceId,
      source: formatTreeRef({ kind: 'live', clusterId: row.sourceId }),
      sourceLabel: `${row.sourceName}, round ${number} of a migration`,
      scope: scopeOf(row),
      mode: row.mode,
      onConflict: 'stop',
      options: parseRestoreOptions(row.options),
    },
  )
  await tx.migrationRound.create({
    data: { migrationId: row.id, number, restoreId, sourceZxid, startedAt: new Date(nowMs) },
    select: { number: true },
  })
}

function scopeOf({ sourcePath, targetPath }: MigrationRow) {
  if (sourcePath === ROOT && targetPath === ROOT) return { kind: 'all' as const }
  return { kind: 'subtree' as const, path: sourcePath, targetPath: targetPath === sourcePath ? null : targetPath }
}
