import 'server-only'
import { load } from '@/app/_server/load.ts'
import { listStoreViews } from '@/lib/services/stores/list-store-views.ts'

export const loadStores = () => load((context) => listStoreViews(context))
