import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { cacheOf } from './bucket-archive.ts'
import { builtIn, listStores } from './find-store.ts'
import { sweepStaging } from './staging.ts'

/** Removes what writers that are gone have left in folders of this host. Gives how many unfinished archives. */
export async function sweepStores(context: ServiceContext): Promise<number> {
  let removed = 0
  const stores = await listStores(context).catch((error: unknown) => {
    context.log.warn({ error: formatErrorLine(error) }, 'The stores could not be listed')
    return [builtIn(context)]
  })
  for (const store of stores) {
    if (store.kind !== 'folder') continue
    try {
      removed += await context.archives.sweepUnfinished(store.path)
    } catch (error) {
      // The built-in one must be there; another may be on a volume that is not mounted.
      if (!isArkeeperError(error) || store.id === stores[0]?.id) throw error
      context.log.warn({ store: store.name, error: formatErrorLine(error) }, 'A store could not be swept')
    }
  }
  await sweepStaging(context)
  await cacheOf(context).sweep()
  return removed
}
