import { History, Truck } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { formatTreeRef } from '@/lib/services/tree/tree-ref.ts'
import { PhysicalTable } from '../../../physical/_components/physical-table.tsx'
import { loadPhysicals } from '../../../physical/loaders.ts'
import { EditTable } from '../../../restores/_components/edit-table.tsx'
import { RestoreTable } from '../../../restores/_components/restore-table.tsx'
import { loadEdits, loadRestores } from '../../../restores/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Restores' }

export default async function ClusterRestoresPage({ params }: { params: Promise<{ clusterId: string }> }) {
  const { clusterId } = await params
  const cluster = await loadCluster(clusterId)
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  const restores = await loadRestores(clusterId)
  const edits = await loadEdits(clusterId)
  const physicals = await loadPhysicals(clusterId)
  const { lastGoodBackup } = cluster.value
  const newHref = paths.newRestore({
    clusterId,
    source: lastGoodBackup ? formatTreeRef({ kind: 'backup', backupId: lastGoodBackup.id }) : undefined,
  })
  return (
    <ClusterFrame
      cluster={cluster.value}
      section="restores"
      actions={
        <>
          <LinkButton
            href={paths.newMigration({ sourceId: clusterId })}
            icon={<Truck aria-hidden className="size-4" />}
          >
            Migrate…
          </LinkButton>
          <LinkButton href={newHref} tone="primary" icon={<History aria-hidden className="size-4" />}>
            New restore…
          </LinkButton>
        </>
      }
    >
      {restores.ok ? (
        <Card flush>
          <RestoreTable restores={restores.value} newHref={newHref} />
        </Card>
      ) : (
        <ErrorNotice error={restores.error} />
      )}
      {!edits.ok ? (
        <ErrorNotice error={edits.error} />
      ) : (
        edits.value.length > 0 && (
          <div className="mt-4">
            <EditTable edits={edits.value} />
          </div>
        )
      )}
      <div className="mt-4">
        {physicals.ok ? (
          <PhysicalTable
            restores={physicals.value}
            newHref={lastGoodBackup ? paths.newPhysical({ backupId: lastGoodBackup.id }) : null}
          />
        ) : (
          <ErrorNotice error={physicals.error} />
        )}
      </div>
    </ClusterFrame>
  )
}
