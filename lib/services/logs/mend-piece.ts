import type { z } from 'zod'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { mendPieceSchema } from './schemas.ts'

/**
 * Asks for a damaged piece of the log, or base of the stream, to be put anew from a place where it is sound. The mirror of that store does it with its next turn, which
 * is now: what it puts there was held against its sums.
 */
export async function mendPiece(context: ServiceContext, input: z.input<typeof mendPieceSchema>): Promise<void> {
  const { clusterId, storeId, first: text, kind } = parseInput(mendPieceSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const first = parseHex64(text) ?? 0n
  const after = { store: storeId, [kind === 'base' ? 'base' : 'first']: formatHex64(first) }
  const now = new Date(context.clock.now())
  const subject = { action: 'logs.mend', cluster: { id: cluster.id, name: cluster.name }, after } as const
  await mutate(context, subject, async (tx) => {
    const rows = await listPlaces(tx, { clusterId: cluster.id, first, kind })
    const row = rows.find((each) => each.storeId === storeId)
    const what = kind === 'base' ? 'base of the stream' : 'piece of the log'
    if (!row) throw new ServiceError('NOT_FOUND', `There is no such ${what} in that store`)
    if (row.verifyOk !== false) {
      throw new ServiceError('WRONG_STATE', `This ${what} was not found damaged`, { unaffected: 'nothing was changed' })
    }
    const isSound = rows.some(
      (each) => each.id !== row.id && each.sha256 !== '' && each.verifyOk !== false && each.last >= row.last,
    )
    if (!isSound) {
      throw new ServiceError('WRONG_STATE', `No other store has this ${what} whole`, {
        unaffected: 'nothing was changed',
        remedy:
          kind === 'base'
            ? 'moments are replayed over an older base or a backup; the stream leaves a new one in time'
            : 'a member may still hold its transactions: moments within it are then replayed from there',
      })
    }
    const asked = { where: { id: row.id }, data: { mendAskedAt: now } }
    if (kind === 'base') await tx.logBase.updateMany(asked)
    else await tx.logPiece.updateMany(asked)
    await tx.logMirror.updateMany({ where: { clusterId: cluster.id, storeId }, data: { nextRunAt: now } })
  })
}

async function listPlaces(
  tx: Transaction,
  { clusterId, first, kind }: { readonly clusterId: string; readonly first: bigint; readonly kind: 'piece' | 'base' },
) {
  const select = { id: true, storeId: true, sha256: true, verifyOk: true } as const
  if (kind === 'base') {
    const where = { clusterId, zxid: first }
    const rows = await tx.logBase.findMany({ where, orderBy: { id: 'asc' }, select })
    return rows.map((row) => ({ ...row, last: first }))
  }
  return tx.logPiece.findMany({
    where: { clusterId, first },
    orderBy: { id: 'asc' },
    select: { ...select, last: true },
  })
}
