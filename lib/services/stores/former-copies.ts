import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { toRecipients } from '../encryption/key-needs.ts'
import { mutate, type Transaction } from '../gate.ts'
import { findNeeds } from '../keep-rules/find-needs.ts'
import { lookPast } from '../seen-by.ts'
import { removeArchive } from './remove-archive.ts'

/**
 * Archives in whose place another is to come: they stay until it is there. `damaged`: found so; `encrypted-anew`: it needs the keys of before,
 * and so does whoever looks for how many of those are left.
 */
export type FormerWhy = 'damaged' | 'encrypted-anew'

/** In the transaction that asks for the other, or that puts it in place. */
export async function noteFormer(
  context: Pick<ServiceContext, 'clock' | 'newId'>,
  tx: Transaction,
  former: {
    readonly backupId: string
    readonly clusterId: string
    readonly storeId: string
    readonly dir: string
    readonly recipients: unknown
    readonly why?: FormerWhy
  },
): Promise<void> {
  const { why = 'damaged', backupId, clusterId, storeId, dir } = former
  const recipients = toRecipients(former.recipients)
  const createdAt = new Date(context.clock.now())
  const row = { id: context.newId(), backupId, clusterId, storeId, dir, why, createdAt }
  await tx.formerCopy.create({
    data: { ...row, ...(recipients === null ? {} : { recipients }) },
    select: { id: true },
  })
}

/** Places in a store that a new copy of a backup must not be taken for. */
export async function listFormerDirs(
  { db }: Pick<ServiceContext, 'db'>,
  at: { readonly backupId: string; readonly storeId: string },
): Promise<Set<string>> {
  const rows = await db.formerCopy.findMany({ where: at, select: { dir: true } })
  return new Set(rows.map(({ dir }) => dir))
}

/** What a store is looked at for now and then is done soon: something may be there to be removed. */
export async function hurryStore(
  tx: { readonly store: Pick<Prisma.TransactionClient['store'], 'updateMany'> },
  storeId: string,
  nowMs: number,
): Promise<void> {
  await tx.store.updateMany({ where: { id: storeId }, data: { nextRunAt: new Date(nowMs) } })
}

/** Removes those whose place another has taken, or whose backup is gone. What cannot be removed stays on record, and is tried again. */
export async function removeFormers(
  context: ServiceContext,
  where: { readonly storeId?: string; readonly clusterId?: string },
  log: (message: string) => unknown,
): Promise<void> {
  const rows = await context.db.formerCopy.findMany({ where, orderBy: { id: 'asc' } })
  if (rows.length === 0) return
  const needs = await lookPast(() => findNeeds(context.db))
  for (const { id, backupId, clusterId, storeId, dir, why } of rows) {
    throwIfAborted(context.signal)
    const isRead = needs.get(backupId)?.some(({ atWork }) => atWork) ?? false
    if (isRead || !(await isReplaced(context, { backupId, storeId, dir }))) continue
    try {
      await removeArchive(context, { storeId, dir })
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      if (error.code !== 'NOT_FOUND' && error.code !== 'OBJECT_MISSING') {
        await log(`The former archive ${dir} could not be removed: ${formatErrorLine(error)}`)
        continue
      }
    }
    const row = await context.db.cluster.findUnique({ where: { id: clusterId }, select: { id: true, name: true } })
    const action = why === 'damaged' ? ('backup.copy' as const) : ('encryption.rotate' as const)
    const after = { backup: backupId, removed: dir, store: storeId, why }
    await mutate(context, { action, cluster: row ?? { id: clusterId, name: clusterId }, after }, async (tx) => {
      await tx.formerCopy.deleteMany({ where: { id } })
    })
  }
}

async function isReplaced(
  { db }: Pick<ServiceContext, 'db'>,
  { backupId, storeId, dir }: { readonly backupId: string; readonly storeId: string; readonly dir: string },
): Promise<boolean> {
  const backup = await db.backup.findFirst({
    where: { id: backupId, deletedAt: null },
    select: {
      storeId: true,
      dir: true,
      missingAt: true,
      copies: { where: { storeId, state: 'present', dir: { not: dir } }, select: { id: true } },
    },
  })
  if (backup === null) return true
  if (backup.storeId === storeId && backup.dir === dir) return false
  return backup.copies.length > 0 || (backup.storeId === storeId && backup.missingAt === null)
}
