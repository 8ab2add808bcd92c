import { ServiceError } from '../errors.ts'
import type { Transaction } from '../gate.ts'
import { lookPast } from '../seen-by.ts'
import { findNeeds } from './find-needs.ts'

/**
 * What holds for everybody who deletes a backup by hand, in the transaction that does it: nothing that is held, and nothing that is in work. What
 * only the rules keep, a person may delete.
 */
export async function assertRemovable(tx: Transaction, backupId: string, nowMs: number): Promise<void> {
  const now = new Date(nowMs)
  const hold = await tx.backupHold.findFirst({
    where: { backupId, liftedAt: null, OR: [{ until: null }, { until: { gt: now } }] },
    orderBy: [{ placedAt: 'asc' }, { id: 'asc' }],
    select: { placedByName: true, reason: true, until: true },
  })
  if (hold) {
    const until = hold.until === null ? '' : ` until ${hold.until.toISOString().slice(0, 10)}`
    throw new ServiceError('BACKUP_HELD', `The backup is held by ${hold.placedByName}${until}: ${hold.reason}`, {
      unaffected: 'nothing was deleted',
      remedy: 'an administrator can lift the hold on the page of the backup',
    })
  }
  const need = (await lookPast(() => findNeeds(tx))).get(backupId)?.find(({ atWork }) => atWork)
  if (!need) return
  throw new ServiceError('WRONG_STATE', `The backup is needed: ${need.by}`, {
    unaffected: 'nothing was deleted',
    remedy: 'wait until it has ended, or cancel it',
  })
}
