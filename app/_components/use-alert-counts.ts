'use client'

import { useQuery } from '@tanstack/react-query'
import { paths } from '@/app/_nav/paths.ts'
import type { OpenAlertCounts } from '@/lib/services/alerts/views.ts'
import { requestJson } from './request-json.ts'

/** Rules are looked at once a minute: asking more often shows nothing sooner. */
const ASK_MS = 30_000

/** How many alerts fire, of clusters that this person sees. */
export function useAlertCounts() {
  return useQuery({
    queryKey: ['alert-counts'] as const,
    queryFn: ({ signal }) => requestJson<OpenAlertCounts>(paths.api.alertCounts(), { signal }),
    refetchInterval: ASK_MS,
  })
}
