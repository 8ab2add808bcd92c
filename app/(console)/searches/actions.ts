'use server'

import { action } from '@/app/_server/action.ts'
import { startSearchSchema } from '@/lib/services/searches/schemas.ts'
import { startSearch } from '@/lib/services/searches/start-search.ts'

export const startSearchAction = action(startSearchSchema, startSearch)
