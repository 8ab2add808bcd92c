import { getBackupRow } from '../../backups/find-backup.ts'
import { getClusterStores } from '../../stores/cluster-stores.ts'
import { startCopy } from '../../stores/copy-backup.ts'
import { listPlaces } from '../../stores/list-places.ts'
import { listStoreChoices, listStoreViews, seesStores } from '../../stores/list-store-views.ts'
import { startRescan } from '../../stores/start-rescan.ts'
import { testStore } from '../../stores/test-store.ts'
import type { storeOperations } from '../contract/stores.ts'
import type { Handlers } from '../handler.ts'

export const storeHandlers: Handlers<typeof storeOperations> = {
  listStores: async (context) => {
    const stores = await listStoreChoices(context)
    const views = seesStores(context) ? await listStoreViews(context) : []
    return {
      items: stores.map((store) => ({ ...store, details: views.find(({ id }) => id === store.id) ?? null })),
      next: null,
    }
  },
  testStore: (context, { params }) => testStore(context, params.storeId),
  startRescan: (context, { body }) => startRescan(context, body.storeId ?? null),
  listCopies: async (context, { params }) => {
    const { id } = await getBackupRow(context, params.backupId)
    return { items: await listPlaces(context, id) }
  },
  copyBackup: (context, { params, body }) => startCopy(context, { ...params, ...body }),
  getClusterStores: (context, { params }) => getClusterStores(context, params.clusterId),
}
