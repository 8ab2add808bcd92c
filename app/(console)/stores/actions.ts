'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { startVerify } from '@/lib/services/backups/start-verify.ts'
import { setClusterStores } from '@/lib/services/stores/cluster-stores.ts'
import { startCopy } from '@/lib/services/stores/copy-backup.ts'
import { addStore, changeStore, removeStore } from '@/lib/services/stores/edit-store.ts'
import {
  changeStoreSchema,
  clusterStoresSchema,
  copyBackupSchema,
  storeInputSchema,
} from '@/lib/services/stores/schemas.ts'
import { startRescan } from '@/lib/services/stores/start-rescan.ts'
import { testStore } from '@/lib/services/stores/test-store.ts'

const oneStore = z.object({ storeId: z.string() })

export const addStoreAction = action(storeInputSchema, addStore)

export const changeStoreAction = action(changeStoreSchema, async (context, { storeId, store }) => {
  await changeStore(context, storeId, store)
  return null
})

export const removeStoreAction = action(oneStore, async (context, { storeId }) => {
  await removeStore(context, storeId)
  return null
})

export const testStoreAction = action(oneStore, (context, { storeId }) => testStore(context, storeId))

export const startRescanAction = action(z.object({ storeId: z.string().nullable() }), (context, { storeId }) =>
  startRescan(context, storeId),
)

export const setClusterStoresAction = action(clusterStoresSchema, async (context, input) => {
  await setClusterStores(context, input)
  return null
})

export const startCopyAction = action(copyBackupSchema, startCopy)

export const verifyCopyAction = action(copyBackupSchema, (context, { backupId, storeId }) =>
  startVerify(context, backupId, storeId),
)
