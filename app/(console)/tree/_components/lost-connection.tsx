'use client'

import { useClusterStatus } from '@/app/_components/use-cluster-status.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { ErrorView } from '@/lib/services/error-view.ts'

/** Why the page does not follow the cluster any more. The rows stay: they are how it was, not how it is. */
export function LostConnection({ clusterId, error }: { clusterId: string; error: ErrorView | null }) {
  const status = useClusterStatus(clusterId)
  const fault = status.data?.state === 'down' ? status.data : error
  if (!fault) return null
  return (
    <Notice tone="bad" live title={`This is how it was before the connection was lost: ${fault.message}`}>
      {fault.remedy && <>What to do: {fault.remedy}. </>}
      The page follows the cluster again by itself.
    </Notice>
  )
}
