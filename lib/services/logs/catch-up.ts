import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { openLogs } from './cluster-logs.ts'
import { logFolder } from './log-folder.ts'

/**
 * Before anything is appended in the folder of this host: what another host has archived meanwhile is fetched out of the stores, so that the
 * log goes on where it ended. A host that has nothing yet fetches the newest piece alone. Gives the last transaction that is archived
 * anywhere; null: none is. Where a store does not answer its end is known all the same, and a new piece begins behind it.
 */
export async function catchUpLogs(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
): Promise<bigint | null> {
  const dir = logFolder(context, cluster.name)
  const { logs } = context.archives
  const local = (await logs.list(dir)).segments
  const here = local.at(-1)
  // Mostly this host has kept it all the time, and one look says so.
  const elsewhere = await context.db.logPiece.findFirst({
    where: {
      clusterId: cluster.id,
      sha256: { not: '' },
      NOT: { storeId: DEFAULT_STORE_ID, dir: `${cluster.name}/logs` },
    },
    orderBy: [{ last: 'desc' }, { id: 'asc' }],
    select: { last: true },
  })
  if (elsewhere === null || (here !== undefined && here.last >= elsewhere.last)) return here?.last ?? null
  const opened = await openLogs(context, cluster)
  const all = opened.archived.segments
  const newest = all.at(-1)
  if (newest === undefined || (here !== undefined && here.last >= newest.last)) return here?.last ?? null
  const lacking = here === undefined ? [newest] : all.filter(({ last }) => last > here.last)
  try {
    for (const segment of lacking) {
      const at = await opened.locate(segment)
      if (at.dir !== dir) await logs.pieces.put(at.dir, dir, at.segment, { signal: context.signal })
      // Cut elsewhere by this host, as long as it believed that it was the one that keeps the log.
      for (const stray of local) {
        const isWithin = stray.first > segment.first && stray.last <= segment.last
        if (isWithin) await logs.pieces.remove(dir, stray)
      }
    }
    context.log.info(
      { cluster: cluster.name, pieces: lacking.length, last: formatHex64(newest.last) },
      'Went on with a transaction log that another host has kept',
    )
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    context.log.warn(
      { cluster: cluster.name, last: formatHex64(newest.last), error: formatErrorLine(error) },
      'The newest pieces of a transaction log could not be fetched: a new one begins behind them',
    )
  }
  return newest.last
}
