import { listBackups } from '../backups/list-backups.ts'
import type { ServiceContext } from '../context.ts'
import { listDiffs } from '../diffs/list-diffs.ts'
import { listRestores } from '../restores/list-restores.ts'
import { listSearches } from '../searches/list-searches.ts'
import type { PlacesView } from './views.ts'

const EACH_MAX = 20

/** The newest of everything that has a page of its own, in few words. Asks no cluster. */
export async function listPlaces(context: Pick<ServiceContext, 'actor' | 'db' | 'clock'>): Promise<PlacesView> {
  const limit = EACH_MAX
  const { backups } = await listBackups(context, { limit })
  const diffs = await listDiffs(context, { limit })
  const restores = await listRestores(context, { limit })
  const searches = await listSearches(context, { limit })
  return {
    backups: backups.map(({ id, clusterName, takenAt, note }) => ({ id, clusterName, takenAt, note })),
    diffs: diffs.map(({ id, leftLabel, rightLabel, path, createdAt }) => ({
      id,
      leftLabel,
      rightLabel,
      path,
      createdAt,
    })),
    restores: restores.map(({ id, clusterName, sourceLabel, state, createdAt }) => ({
      id,
      clusterName,
      sourceLabel,
      state,
      createdAt,
    })),
    searches: searches.map(({ id, treeLabel, path, pathPattern, valueForm, valueLength, createdAt }) => ({
      id,
      treeLabel,
      path,
      pathPattern,
      valueForm,
      valueLength,
      createdAt,
    })),
  }
}
