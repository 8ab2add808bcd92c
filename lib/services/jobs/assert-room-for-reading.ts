import type { Actor } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { Transaction } from '../gate.ts'

/** What whoever may only look can ask for, and what takes the worker's time and the servers'. */
const KINDS = ['diff', 'search', 'prepare-moment']
const WAITING_MAX = 20

/** In the transaction that asks for one more. Backups of everybody must not wait behind what one person has heaped up. */
export async function assertRoomForReading(tx: Transaction, { id, name }: Actor): Promise<void> {
  if (id === null) return
  const waiting = await tx.job.count({
    where: { actorId: id, kind: { in: KINDS }, state: { in: ['queued', 'running'] } },
  })
  if (waiting < WAITING_MAX) return
  throw new ServiceError('TOO_MANY', `${waiting} comparisons, searches and moments of ${name} wait or run`, {
    unaffected: 'nothing was started',
    remedy: 'wait until some have ended, or cancel those that are not needed any more',
  })
}
