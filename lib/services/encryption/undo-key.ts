import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { findRecipients } from './find-recipients.ts'
import type { UndoKeyView } from './views.ts'

/**
 * Whether an undo of what is about to be restored could be planned: the safety backup will be encrypted like every other, and its undo reads
 * it. Null where it will be plain.
 */
export async function findUndoKey(context: ServiceContext, clusterId: string): Promise<UndoKeyView | null> {
  const recipients = await findRecipients(context, clusterId)
  if (recipients.length === 0) return null
  const held = await context.age.machineIdentities().catch((error: unknown) => {
    if (!isArkeeperError(error)) throw error
    return []
  })
  if (held.some(({ recipient }) => recipients.includes(recipient))) return { recipients, at: 'machine', until: null }
  const unlocked = await context.db.keyUnlock.findFirst({
    where: { recipient: { in: recipients }, endsAt: { gt: new Date(context.clock.now()) } },
    orderBy: [{ endsAt: 'desc' }, { id: 'asc' }],
    select: { endsAt: true },
  })
  if (unlocked === null) return { recipients, at: 'nowhere', until: null }
  return { recipients, at: 'unlock', until: unlocked.endsAt.toISOString() }
}
