import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { getStore } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import type { PieceContext } from './fetch-piece.ts'
import { logFolder } from './log-folder.ts'
import { forgetPieces, removePiece, withPiecePlace } from './place-pieces.ts'
import { storedOf } from './placed-pieces.ts'

interface Removed {
  /** Gone from every place. */
  readonly pieces: number
  readonly bytes: number
  /** In words: what is still somewhere, and why. */
  readonly faults: readonly string[]
}

/**
 * Removes the oldest pieces of a cluster's log wherever they lie, the oldest first. What one store does not give up stays in the catalog, and
 * is tried again with the next run; other hosts remove their own from their folders when they hear of it (mirror-logs.ts).
 */
export async function removeOldestPieces(
  context: PieceContext,
  cluster: { readonly id: string; readonly name: string },
  spent: readonly LogSegment[],
): Promise<Removed> {
  const through = spent.at(-1)?.last
  if (through === undefined) return { pieces: 0, bytes: 0, faults: [] }
  const dir = logFolder(context, cluster.name)
  const { segments } = await context.archives.logs.list(dir)
  const newest = segments.at(-1)?.first
  const here = segments.filter(({ first, last }) => last <= through && first !== newest)
  if (here.length > 0) await context.archives.logs.removeOldest(dir, here)
  const { faults, left } = await removePlaces(context, cluster.id, { last: { lte: through } })
  const gone = spent.filter(({ first }) => !left.has(first))
  return { pieces: gone.length, bytes: gone.reduce((sum, piece) => sum + storedOf(piece).bytes, 0), faults }
}

/**
 * An ensemble has no more what it once told beyond `to` (LogArchivePort.rollBack, which keeps it aside on this host): the stores must not give
 * it back. Null: nothing of it is left. What a store does not give up is not offered from there any more.
 */
export async function rollBackPieces(context: PieceContext, clusterId: string, to: bigint | null): Promise<void> {
  const which = to === null ? {} : { last: { gt: to } }
  const { left } = await removePlaces(context, clusterId, which)
  for (const first of left) await forgetPieces(context, { clusterId, first, ...which })
}

async function removePlaces(
  context: PieceContext,
  clusterId: string,
  which: { readonly last?: { readonly lte: bigint } | { readonly gt: bigint } },
): Promise<{ readonly faults: string[]; readonly left: ReadonlySet<bigint> }> {
  const rows = await context.db.logPiece.findMany({
    where: { clusterId, ...which },
    orderBy: [{ first: 'asc' }, { id: 'asc' }],
    select: { storeId: true, first: true },
  })
  const faults = new Map<string, string>()
  const left = new Set<bigint>()
  for (const { storeId, first } of rows) {
    // A store that did not answer is not asked for each piece.
    if (faults.has(storeId)) {
      left.add(first)
      continue
    }
    try {
      const isDone = await withPiecePlace(context, { clusterId, storeId, first }, null, async (there) => {
        // The folder of this host was cleared before; what of it is another host's is that host's to clear.
        if (there !== null && storeId !== DEFAULT_STORE_ID) {
          await removePiece(context, await getStore(context, storeId), there)
        }
        return 'removed'
      })
      if (!isDone) left.add(first)
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
      const { name } = await getStore(context, storeId).catch(() => ({ name: storeId }))
      faults.set(storeId, `${name}: ${formatErrorLine(error)}`)
      left.add(first)
      context.log.warn(
        { cluster: clusterId, store: storeId, first: formatHex64(first), error: formatErrorLine(error) },
        'A piece of a transaction log could not be removed',
      )
    }
  }
  return { faults: [...faults.values()], left }
}
