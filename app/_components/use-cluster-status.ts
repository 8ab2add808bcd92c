'use client'

import { useQuery } from '@tanstack/react-query'
import { paths } from '@/app/_nav/paths.ts'
import type { ClusterStatusView } from '@/lib/services/clusters/views.ts'
import { requestJson } from './request-json.ts'

const ASK_MS = 10_000

export function clusterStatusQuery(clusterId: string) {
  return {
    queryKey: ['cluster-status', clusterId] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      requestJson<ClusterStatusView>(paths.api.clusterStatus(clusterId), { signal }),
    refetchInterval: ASK_MS,
  }
}

/** Whether the cluster answers, asked again every ten seconds while somebody looks. */
export function useClusterStatus(clusterId: string) {
  return useQuery(clusterStatusQuery(clusterId))
}
