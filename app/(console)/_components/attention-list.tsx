'use client'

import { useQueries } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import { clusterStatusQuery } from '@/app/_components/use-cluster-status.ts'
import { useJobs } from '@/app/_components/use-jobs.ts'
import type { AlertView } from '@/lib/services/alerts/views.ts'
import type { WaitingApprovalView } from '@/lib/services/approvals/views.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'
import type { RestoreView } from '@/lib/services/restores/views.ts'
import { findAttention } from './find-attention.ts'

/** What needs a person, most urgent first; each line leads to where it is settled. */
export function AttentionList({
  clusters,
  jobs,
  restores,
  approvals,
  alerts,
}: {
  clusters: readonly ClusterView[]
  jobs: readonly JobView[]
  restores: readonly RestoreView[]
  approvals: readonly WaitingApprovalView[]
  alerts: readonly AlertView[]
}) {
  const statuses = useQueries({ queries: clusters.map((cluster) => clusterStatusQuery(cluster.id)) })
  const liveJobs = useJobs()
  const down = clusters.flatMap((cluster, index) => {
    const status = statuses[index]?.data
    return status?.state === 'down' ? [{ cluster, message: status.message }] : []
  })
  // A cluster that answers by now is not down, whatever the last look of a worker said.
  const isUp = (clusterId: string | undefined) =>
    statuses[clusters.findIndex(({ id }) => id === clusterId)]?.data?.state === 'up'
  const firing = alerts.filter(({ rule, cluster }) => rule !== 'cluster-down' || !isUp(cluster?.id))
  const alarms = clusters.flatMap((cluster, index) =>
    (statuses[index]?.data?.alarms ?? []).map((alarm) => ({ cluster, alarm })),
  )
  const items = findAttention({
    clusters,
    jobs: liveJobs.data ?? jobs,
    restores,
    approvals,
    down,
    alarms,
    alerts: firing,
  })
  return (
    <section aria-label="Needs attention" className="mb-4 rounded-lg border bg-surface">
      {items.length === 0 ? (
        <p className="flex items-center gap-2 px-4 py-2.5 text-sm">
          <CircleCheck aria-hidden className="size-4 text-added" />
          Nothing needs you: every cluster has a good backup and no job has failed.
        </p>
      ) : (
        <>
          <h2 className="border-b px-4 py-2 font-semibold text-sm">
            Needs attention <span className="font-normal text-muted">({items.length})</span>
          </h2>
          <ul className="divide-y">
            {items.map((item) => (
              <li key={item.key} className="flex items-start gap-2.5 px-4 py-2 text-sm">
                <TriangleAlert
                  aria-hidden
                  className={`mt-0.5 size-4 shrink-0 ${item.urgent ? 'text-removed' : 'text-changed'}`}
                />
                <span className="min-w-0 flex-1 break-words">{item.text}</span>
                <Link href={item.href} className="link shrink-0">
                  {item.action}
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
