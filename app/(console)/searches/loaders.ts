import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getSearch } from '@/lib/services/searches/get-search.ts'
import { listSearches } from '@/lib/services/searches/list-searches.ts'

export const loadSearch = cache((searchId: string) => load((context) => getSearch(context, searchId)))

export const loadSearches = () => load((context) => listSearches(context, { limit: 100 }))
