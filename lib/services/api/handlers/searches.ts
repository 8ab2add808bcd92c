import { getSearch } from '../../searches/get-search.ts'
import { listHits } from '../../searches/list-hits.ts'
import { startSearch } from '../../searches/start-search.ts'
import type { searchOperations } from '../contract/searches.ts'
import type { Handlers } from '../handler.ts'
import { readIndex } from '../read-index.ts'

export const searchHandlers: Handlers<typeof searchOperations> = {
  startSearch: (context, { body }) => startSearch(context, body),
  getSearch: (context, { params }) => getSearch(context, params.searchId),
  listHits: async (context, { params, query }) => {
    const from = readIndex(query.after) ?? 0
    const { hits, total } = await listHits(context, { ...params, from, limit: query.limit })
    return { items: hits, next: from + hits.length < total ? String(from + hits.length) : null }
  },
}
