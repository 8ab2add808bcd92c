import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { Transaction } from '../gate.ts'
import { lookPast } from '../seen-by.ts'
import { PHYSICAL_COLUMNS, type PhysicalRow, ruleFactsOf } from './find-physical.ts'

/** Two hands on the files of one server would undo each other, as would a restore that writes znodes meanwhile. */
export async function assertAlone(context: ServiceContext, tx: Transaction, row: PhysicalRow): Promise<void> {
  const others = await tx.physicalRestore.findMany({
    where: { clusterId: row.clusterId, id: { not: row.id }, way: 'worker', confirmedAt: { not: null } },
    orderBy: { createdAt: 'desc' },
    take: 20,
    select: PHYSICAL_COLUMNS,
  })
  for (const other of others) {
    const { state, stands } = await ruleFactsOf({ db: tx, clock: context.clock, workFiles: context.workFiles }, other)
    const isAtWork = ['queued', 'running', 'undoing'].includes(state)
    if (isAtWork || stands.some((stand) => stand === 'moving' || stand === 'aside' || stand === 'going-back')) {
      throw new ServiceError('WRONG_STATE', 'Another restore has files of these servers on their way', {
        unaffected: 'nothing was stopped',
        remedy: 'let it go on to its end, or put its old files back first',
      })
    }
  }
  const writing = await lookPast(() =>
    tx.restore.findFirst({
      where: { clusterId: row.clusterId, state: { in: ['queued', 'running'] } },
      select: { id: true },
    }),
  )
  if (!writing) return
  throw new ServiceError('WRONG_STATE', 'A restore writes to this cluster now', {
    unaffected: 'nothing was stopped',
    remedy: 'let it end, or pause it',
  })
}
