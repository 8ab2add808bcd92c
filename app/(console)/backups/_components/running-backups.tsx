'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { JobStateBadge } from '@/app/_components/job-looks.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, JOBS_KEY, useJobs, useRefreshWhenJobsEnd } from '@/app/_components/use-jobs.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'
import { cancelJobAction, retryJobAction } from '../../actions.ts'

const MINUTE_MS = 60_000

/** Backups at work on this cluster, and the last one when it failed; the table is drawn again when one has ended. */
export function RunningBackups({ clusterId }: { clusterId: string }) {
  const jobs = useJobs()
  const concerns = useCallback(
    (job: JobView) => job.clusterId === clusterId && ['backup', 'import', 'verify'].includes(job.kind),
    [clusterId],
  )
  useRefreshWhenJobsEnd(jobs.data, concerns)
  const mine = (jobs.data ?? []).filter((job) => concerns(job) && job.kind !== 'verify')
  const newest = mine.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
  const shown = mine.filter((job) => isActive(job) || (job === newest && failedLately(job)))
  if (shown.length === 0) return null
  return (
    <ul aria-label="Backups at work" className="flex flex-col gap-2">
      {shown.map((job) => (
        <RunningBackup key={job.id} job={job} />
      ))}
    </ul>
  )
}

const failedLately = (job: JobView) =>
  job.state === 'failed' && job.finishedAt !== null && Date.now() - Date.parse(job.finishedAt) < 15 * MINUTE_MS

function RunningBackup({ job }: { job: JobView }) {
  const queries = useQueryClient()
  const reload = () => queries.invalidateQueries({ queryKey: JOBS_KEY })
  const cancel = useAction(cancelJobAction, reload)
  const retry = useAction(retryJobAction, reload)
  const failure = cancel.error ?? retry.error
  return (
    <li className="flex flex-col gap-2 rounded-lg border border-accent/40 bg-surface p-4">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="min-w-0 flex-1 font-semibold text-sm">{job.title}</h2>
        <JobStateBadge state={job.state} cancelRequested={job.cancelRequested} />
        {isActive(job) && (
          <GuardedButton
            action="job.cancel"
            size="small"
            pending={cancel.pending}
            disabledReason={job.cancelRequested && 'It was asked to stop; nothing half-written stays'}
            onClick={() => cancel.run({ jobId: job.id })}
          >
            {job.kind === 'import' ? 'Cancel import' : 'Cancel backup'}
          </GuardedButton>
        )}
        {job.state === 'failed' && (
          <GuardedButton
            action="job.retry"
            size="small"
            pending={retry.pending}
            onClick={() => retry.run({ jobId: job.id })}
          >
            Try again
          </GuardedButton>
        )}
      </div>
      {job.state === 'running' && <JobProgress progress={job.progress} label={`Progress of ${job.title}`} />}
      {job.state === 'queued' && <p className="text-muted text-sm">Waiting for a worker.</p>}
      {job.error && <ErrorNotice error={job.error} />}
      {failure && <ErrorNotice error={failure} />}
    </li>
  )
}
