import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'
import { queueCopy } from '../stores/copy-backup.ts'
import { noteFormer } from '../stores/former-copies.ts'
import { toRecipients } from './key-needs.ts'

/**
 * In the transaction that puts the new archive in place of the former: its copies still are the former, and are made anew. By nobody's name:
 * whoever may have the backups encrypted anew has asked for all of it.
 */
export async function replaceCopies(
  context: Pick<ServiceContext, 'clock' | 'newId'>,
  tx: Transaction,
  backup: { readonly id: string; readonly clusterId: string; readonly storeId: string; readonly recipients: unknown },
): Promise<number> {
  const { id: backupId, clusterId, recipients } = backup
  const copies = await tx.backupCopy.findMany({
    where: { backupId, state: 'present' },
    orderBy: { id: 'asc' },
    select: { id: true, storeId: true, dir: true },
  })
  let queued = 0
  for (const { id, storeId, dir } of copies) {
    await noteFormer(context, tx, { backupId, clusterId, storeId, dir, recipients, why: 'encrypted-anew' })
    if (storeId === backup.storeId) {
      // The backup itself has come to that store.
      await tx.backupCopy.deleteMany({ where: { id } })
      continue
    }
    await queueCopy({ ...context, actor: ROTATION }, tx, { backup, storeId, jobId: context.newId() })
    queued++
  }
  return queued
}

const ROTATION = { kind: 'system', id: null, name: 'rotation', role: 'admin' } as const

/** To whom each of them is encrypted. */
export async function listFormerCopies(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string[][]> {
  const rows = await context.db.formerCopy.findMany({
    where: { clusterId, why: 'encrypted-anew' },
    select: { recipients: true },
  })
  return rows.map(({ recipients }) => toRecipients(recipients) ?? [])
}
