import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { mutate, type Transaction } from '../gate.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { removeArchive } from '../stores/remove-archive.ts'
import { toRecipients } from './key-needs.ts'

/** In the transaction that puts the new archive in place of the former: its copies still are the former, and are to be made anew. */
export async function noteFormerCopies(
  context: Pick<ServiceContext, 'clock' | 'newId'>,
  tx: Transaction,
  backup: { readonly id: string; readonly clusterId: string; readonly recipients: unknown },
): Promise<void> {
  const copies = await tx.backupCopy.findMany({
    where: { backupId: backup.id, state: 'present' },
    orderBy: { id: 'asc' },
    select: { id: true, storeId: true, dir: true },
  })
  const recipients = toRecipients(backup.recipients)
  for (const { id, storeId, dir } of copies) {
    await tx.formerCopy.create({
      data: {
        id: context.newId(),
        backupId: backup.id,
        clusterId: backup.clusterId,
        storeId,
        dir,
        ...(recipients === null ? {} : { recipients }),
        createdAt: new Date(context.clock.now()),
      },
      select: { id: true },
    })
    await tx.backupCopy.updateMany({
      where: { id },
      data: {
        state: 'failed',
        error: {
          code: 'ENCRYPTED_ANEW',
          message: 'The backup was encrypted anew since; what lies here is the former, and needs the keys of then',
          remedy: 'copy it again; the former is removed by the next rotation after that',
        },
      },
    })
  }
}

/** Removes those whose place another copy has taken, or whose backup is gone. */
export async function removeFormerCopies(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  run: Pick<JobRun, 'log'>,
): Promise<void> {
  const rows = await context.db.formerCopy.findMany({ where: { clusterId: cluster.id }, orderBy: { id: 'asc' } })
  for (const { id, backupId, storeId, dir } of rows) {
    const backup = await context.db.backup.findFirst({
      where: { id: backupId, deletedAt: null },
      select: { copies: { where: { storeId, state: 'present', dir: { not: dir } }, select: { id: true } } },
    })
    if (backup !== null && backup.copies.length === 0) continue
    try {
      await removeArchive(context, { storeId, dir })
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      if (error.code !== 'NOT_FOUND') {
        await run.log('warn', `The former copy ${dir} could not be removed: ${formatErrorLine(error)}`)
        continue
      }
    }
    await mutate(
      context,
      { action: 'encryption.rotate', cluster, after: { removed: dir, store: storeId } },
      async (tx) => {
        await tx.formerCopy.deleteMany({ where: { id } })
      },
    )
  }
}

/** To whom each of them is encrypted. */
export async function listFormerCopies(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string[][]> {
  const rows = await context.db.formerCopy.findMany({ where: { clusterId }, select: { recipients: true } })
  return rows.map(({ recipients }) => toRecipients(recipients) ?? [])
}
