import type { z } from 'zod'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { mendPieceSchema } from './schemas.ts'

/**
 * Asks for a damaged piece of the log to be put anew from a place where it is sound. The mirror of that store does it with its next turn, which
 * is now: what it puts there was held against its sums.
 */
export async function mendPiece(context: ServiceContext, input: z.input<typeof mendPieceSchema>): Promise<void> {
  const { clusterId, storeId, first: text } = parseInput(mendPieceSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const first = parseHex64(text) ?? 0n
  const after = { store: storeId, first: formatHex64(first) }
  const now = new Date(context.clock.now())
  const subject = { action: 'logs.mend', cluster: { id: cluster.id, name: cluster.name }, after } as const
  await mutate(context, subject, async (tx) => {
    const rows = await tx.logPiece.findMany({
      where: { clusterId: cluster.id, first },
      orderBy: { id: 'asc' },
      select: { id: true, storeId: true, last: true, sha256: true, verifyOk: true },
    })
    const row = rows.find((each) => each.storeId === storeId)
    if (!row) throw new ServiceError('NOT_FOUND', 'There is no such piece of the log in that store')
    if (row.verifyOk !== false) {
      throw new ServiceError('WRONG_STATE', 'This piece of the log was not found damaged', {
        unaffected: 'nothing was changed',
      })
    }
    const isSound = rows.some(
      (each) => each.id !== row.id && each.sha256 !== '' && each.verifyOk !== false && each.last >= row.last,
    )
    if (!isSound) {
      throw new ServiceError('WRONG_STATE', 'No other store has this piece of the log whole', {
        unaffected: 'nothing was changed',
        remedy: 'a member may still hold its transactions: moments within it are then replayed from there',
      })
    }
    await tx.logPiece.updateMany({ where: { id: row.id }, data: { mendAskedAt: now } })
    await tx.logMirror.updateMany({ where: { clusterId: cluster.id, storeId }, data: { nextRunAt: now } })
  })
}
