'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, JOBS_KEY, useJobs, useRefreshWhenJobsEnd } from '@/app/_components/use-jobs.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { ProgressBar } from '@/app/_ui/progress-bar.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'
import { formatTreeRef } from '@/lib/services/tree/tree-ref.ts'
import { prepareMomentAction } from '../actions.ts'

/** There is much to replay: a job does it, and the page shows the tree when it is done. */
export function PrepareMoment({ clusterId, zxid, bytes }: { clusterId: string; zxid: string; bytes: number }) {
  const queries = useQueryClient()
  const jobs = useJobs()
  const subjectId = formatTreeRef({ kind: 'moment', clusterId, zxid })
  const concerns = useCallback((job: JobView) => job.subjectId === subjectId, [subjectId])
  useRefreshWhenJobsEnd(jobs.data, concerns)
  const prepare = useAction(prepareMomentAction, () => queries.invalidateQueries({ queryKey: JOBS_KEY }))
  const latest = jobs.data?.find(concerns)
  const running = latest && isActive(latest) ? latest : null
  return (
    <div className="flex flex-col gap-2">
      {prepare.error && <ErrorNotice error={prepare.error} />}
      {latest?.error && <ErrorNotice error={latest.error} />}
      <Notice
        title={`This moment takes a while: ${formatBytes(bytes)} of snapshot and log have to be read`}
        live
        action={
          running === null && (
            <Button tone="primary" pending={prepare.pending} onClick={() => prepare.run({ clusterId, zxid })}>
              Prepare this moment
            </Button>
          )
        }
      >
        {running === null
          ? 'A job makes the tree ready; everybody can look at it then.'
          : (running.progress?.stage ?? 'It waits for a worker')}
      </Notice>
      {running && <ProgressBar value={null} label="Preparing the moment" />}
    </div>
  )
}
