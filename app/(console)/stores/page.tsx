import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { AddStore } from './_components/add-store.tsx'
import { RescanButton } from './_components/rescan-button.tsx'
import { StoreCard } from './_components/store-card.tsx'
import { loadStores } from './loaders.ts'

export const metadata: Metadata = { title: 'Stores' }

export default async function StoresPage() {
  const stores = await loadStores()
  return (
    <>
      <PageHeader title="Stores" actions={stores.ok && <RescanButton storeId={null} />}>
        Where backups lie. Each cluster puts its backups into one store first and may copy them to others (its settings,
        Stores). A rescan rebuilds the catalog from what lies in the stores.
      </PageHeader>
      {!stores.ok ? (
        <ErrorNotice error={stores.error} />
      ) : (
        <div className="flex max-w-6xl flex-col gap-4">
          {stores.value.map((store) => (
            <StoreCard key={store.id} store={store} />
          ))}
          <Card title="Add a store">
            <AddStore />
          </Card>
        </div>
      )}
    </>
  )
}
