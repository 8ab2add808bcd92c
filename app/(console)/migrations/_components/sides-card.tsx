'use client'

import { useClusterStatus } from '@/app/_components/use-cluster-status.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import type { MigrationClusterView, MigrationView } from '@/lib/services/migrations/views.ts'

/** Both clusters as they answer now. */
export function SidesCard({ migration }: { migration: MigrationView }) {
  return (
    <Card title="Both sides now">
      <div className="grid gap-4 sm:grid-cols-2">
        <Side title="Source" cluster={migration.source} />
        <Side title="Target" cluster={migration.target} />
      </div>
    </Card>
  )
}

function Side({ title, cluster }: { title: string; cluster: MigrationClusterView }) {
  const { data, error } = useClusterStatus(cluster.id)
  const version = data?.state === 'up' ? (data.version ?? 'not told by its servers') : ''
  return (
    <section aria-label={title} className="min-w-0">
      <h3 className="mb-1 font-medium text-sm">
        {title}: {cluster.name}
      </h3>
      {data?.state === 'up' ? (
        <Facts
          className="grid-cols-2"
          items={[
            ['Version', version],
            ['Znodes', data.znodes === null ? 'not told' : formatCount(data.znodes)],
            ['zxid', data.zxid],
            ['Asked', formatUtc(Date.parse(data.checkedAt))],
          ]}
        />
      ) : (
        <p className="text-muted text-sm">
          {data ? `${data.message}: ${data.remedy}` : error ? 'Its status is not known' : 'Asking…'}
        </p>
      )}
    </section>
  )
}
