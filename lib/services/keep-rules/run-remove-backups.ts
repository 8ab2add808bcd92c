import type { Prisma } from '../../adapters/database/generated/client.ts'
import { countOf } from '../../base/count-of.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { decideKeeping } from '../../domain/retention/decide-keeping.ts'
import { describeKeepReason, type KeepReason } from '../../domain/retention/keep-policy.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import type { ErrorView } from '../error-view.ts'
import { keepBooks, mutate } from '../gate.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { removeBackupFiles } from '../stores/remove-archive.ts'
import { findPolicy } from './find-policy.ts'
import { loadKeptBackups, type RuledCluster, readLogAnchorFacts } from './load-kept-backups.ts'
import { removeSpentLogs } from './remove-spent-logs.ts'

/** From a removal that the store refused to the next try. */
const RETRY_MS = 60 * 60_000

/**
 * Phase two: backups whose grace is over are weighed once more, and those that are still kept by nothing are removed. A backup leaves the
 * catalog first, so that what is catalogued always has its files; it is called removed only when its files are gone from every store, and what
 * could not be removed is tried again by the next run.
 */
export async function runRemoveBackups(
  context: ServiceContext,
  payload: JobPayload<'remove-backups'>,
  run: JobRun,
): Promise<JobResult> {
  const { id, name } = await getClusterForWriting(context, payload.clusterId)
  const cluster = { id, name }
  const kept = await takeDueOnes(context, cluster, run)
  const { removed, bytes, failures } = await removePending(context, cluster, run)
  throwIfAborted(context.signal)
  const pieces = await removeSpentLogs(context, cluster)
  const parts = [
    `${countOf(removed, 'backup')} removed (${formatBytes(bytes)})`,
    ...(kept > 0 ? [`${kept} kept after all`] : []),
    ...(pieces > 0 ? [`${countOf(pieces, 'piece')} of the transaction log removed`] : []),
  ]
  const message = parts.join(', ')
  const result = { removed, bytes, kept, pieces, failed: failures.length }
  const [first] = failures
  if (!first) return { result, message }
  return {
    result,
    message: `${message}; ${countOf(failures.length, 'removal')} unfinished`,
    failure: {
      code: 'REMOVAL_UNFINISHED',
      message: `The files of ${countOf(failures.length, 'backup')} could not be removed everywhere: ${first.message}`,
      unaffected: `${countOf(removed, 'other backup')} removed`,
      remedy: 'they are tried again every hour; see why their store refuses it',
    },
  }
}

/** Out of the catalog, if still nothing keeps it: one by one, each weighed in the transaction that takes it out. Gives how many stay. */
async function takeDueOnes(context: ServiceContext, cluster: RuledCluster, run: JobRun): Promise<number> {
  const due = await context.db.backup.findMany({
    where: { clusterId: cluster.id, deletedAt: null, removeAfter: { lte: new Date(context.clock.now()) } },
    orderBy: [{ takenAt: 'asc' }, { id: 'asc' }],
    select: { id: true },
  })
  if (due.length === 0) return 0
  const logDays = (await findPolicy(context.db, cluster.id))?.rules.logDays ?? null
  const logs = await readLogAnchorFacts(context, cluster, logDays)
  let kept = 0
  for (const { id } of due) {
    throwIfAborted(context.signal)
    run.assertOwned()
    const why = await mutate(
      context,
      { action: 'backup.remove', cluster, after: { backup: id } },
      async (tx, record): Promise<string | null> => {
        const policy = await findPolicy(tx, cluster.id)
        const backups = await loadKeptBackups({ db: tx, clock: context.clock }, cluster.id, logs)
        const backup = backups.find((each) => each.id === id)
        const decision =
          policy?.enabled && backup?.keepRevision === policy.revision
            ? decideKeeping(backups, policy.rules, context.clock.now()).find((each) => each.id === id)
            : null
        const stays = explainStay(decision)
        if (stays !== null) {
          const unmarked = { removeAfter: null, removeReason: null, keepRevision: null }
          await tx.backup.updateMany({ where: { id, deletedAt: null }, data: unmarked })
          record({ message: `Kept after all: ${stays}`, after: { kept: true } })
          return stays
        }
        const { count } = await tx.backup.updateMany({
          where: { id, deletedAt: null, pinned: false },
          data: { deletedAt: new Date(context.clock.now()), removePending: true },
        })
        record({
          message: count === 1 ? 'Out of the catalog; its files are removed next' : 'It was taken already',
          after: { reason: backup?.removeReason ?? null, revision: backup?.keepRevision ?? null },
        })
        return null
      },
    )
    if (why !== null) {
      kept++
      await run.log('info', `${id} stays: ${why}`)
    }
  }
  return kept
}

/** Null: nothing keeps it. Without a decision the rules have changed since it was marked: the next run of them decides anew. */
function explainStay(
  decision: { readonly stays: boolean; readonly reasons?: readonly KeepReason[] } | null | undefined,
): string | null {
  if (!decision) return 'the rules have changed since'
  if (!decision.stays) return null
  return (decision.reasons ?? []).map(describeKeepReason).join('; ')
}

interface Removal {
  removed: number
  bytes: number
  readonly failures: ErrorView[]
}

async function removePending(context: ServiceContext, cluster: RuledCluster, run: JobRun): Promise<Removal> {
  const removal: Removal = { removed: 0, bytes: 0, failures: [] }
  const pending = await context.db.backup.findMany({
    where: { clusterId: cluster.id, removePending: true, deletedAt: { not: null } },
    orderBy: [{ takenAt: 'asc' }, { id: 'asc' }],
    select: { id: true, archiveBytes: true },
  })
  for (const [i, { id, archiveBytes }] of pending.entries()) {
    throwIfAborted(context.signal)
    run.assertOwned()
    run.progress({
      stage: 'Removing archives',
      done: i,
      total: pending.length,
      bytes: removal.bytes,
      ratePerSecond: 0,
      etaMs: null,
    })
    const failure = await finishRemoval(context, { id, cluster })
    if (failure === null) {
      removal.removed++
      removal.bytes += Number(archiveBytes)
    } else {
      removal.failures.push(failure)
      await run.log('error', `${id} could not be removed everywhere: ${failure.message}`)
    }
  }
  return removal
}

/** Removes the files of a backup that is out of the catalog from every store, and puts on record that they are gone, or why they are not. */
export async function finishRemoval(
  context: ServiceContext,
  { id, cluster }: { readonly id: string; readonly cluster: RuledCluster },
): Promise<ErrorView | null> {
  try {
    await removeBackupFiles(context, id)
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    const view = describeFailure(error, context.newId())
    const removeError: Prisma.InputJsonObject = { code: view.code, message: view.message }
    await keepBooks(context, { action: 'backup.remove', cluster }, async (tx) => {
      await tx.backup.updateMany({ where: { id, removePending: true }, data: { removeError } })
      const nextRunAt = new Date(context.clock.now() + RETRY_MS)
      await tx.keepRun.updateMany({
        where: { clusterId: cluster.id, nextRunAt: { gt: nextRunAt } },
        data: { nextRunAt },
      })
      await writeAudit(tx, context, {
        action: 'backup.remove',
        cluster,
        outcome: 'failed',
        after: { backup: id },
        message: `Not removed everywhere: ${view.message}`,
      })
    })
    return view
  }
  await mutate(context, { action: 'backup.remove', cluster, after: { backup: id } }, async (tx, record) => {
    const row = await tx.backup.findUniqueOrThrow({
      where: { id },
      select: { archiveBytes: true, storeId: true, copies: { select: { storeId: true } } },
    })
    const stores = [row, ...row.copies].map(({ storeId }) => storeId)
    record({ after: { bytes: row.archiveBytes, stores }, message: 'Its files are gone from every store' })
    await tx.backup.updateMany({ where: { id }, data: { removePending: false } })
  })
  return null
}
