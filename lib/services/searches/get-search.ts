import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { getSearchRow, type SearchRow, toSearchViews } from './to-search-view.ts'
import type { SearchView } from './views.ts'

/** With what was looked for in values, for those who are signed in: the hits show it anyhow. */
export async function getSearch(
  context: Pick<ServiceContext, 'db' | 'secrets'>,
  searchId: string,
): Promise<SearchView> {
  const row = await getSearchRow(context, searchId)
  const [view] = await toSearchViews(context, [row])
  invariant(view, 'one row gives one view')
  return { ...view, value: openValue(context, row) }
}

/** The hits can still be read when the key of the installation was changed. */
function openValue(context: Pick<ServiceContext, 'secrets'>, row: SearchRow): string | null {
  if (row.valueSealed === null) return null
  try {
    return context.secrets.open(row.valueSealed)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'SECRET_UNREADABLE') return null
    throw error
  }
}
