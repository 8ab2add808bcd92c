import type { Metadata } from 'next'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requireActor } from '@/app/_server/actor.ts'
import { Card } from '@/app/_ui/card.tsx'
import { ClusterForm } from '../_components/cluster-form.tsx'

export const metadata: Metadata = { title: 'Add cluster' }

export default async function NewClusterPage() {
  await requireActor()
  return (
    <div className="max-w-3xl">
      <PageHeader title="Add cluster">
        A new cluster is read-only: Arkeeper looks and backs up, and writes nothing until you arm it.
      </PageHeader>
      <Card>
        <ClusterForm cluster={null} nowMs={Date.now()} />
      </Card>
    </div>
  )
}
