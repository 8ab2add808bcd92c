'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import clsx from 'clsx'
import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { JobStateBadge, jobSubject } from '@/app/_components/job-looks.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { AtCluster } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, JOBS_KEY } from '@/app/_components/use-jobs.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { JobLogLineView, JobView } from '@/lib/services/jobs/views.ts'
import { cancelJobAction, retryJobAction } from '../actions.ts'

export function JobItem({ job }: { job: JobView }) {
  const [open, setOpen] = useState(false)
  const queries = useQueryClient()
  const reload = () => queries.invalidateQueries({ queryKey: JOBS_KEY })
  const cancel = useAction(cancelJobAction, reload)
  const retry = useAction(retryJobAction, reload)
  const subject = jobSubject(job)
  const failure = cancel.error ?? retry.error
  return (
    <li className="flex flex-col gap-2 px-4 py-3">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <p className="break-words font-medium text-sm">{job.title}</p>
          <p className="text-muted text-xs">
            {job.actorName} · <RelativeTime at={job.startedAt ?? job.createdAt} />
            {job.startedAt && job.finishedAt && (
              <> · took {formatDuration(Date.parse(job.finishedAt) - Date.parse(job.startedAt))}</>
            )}
            {job.attempts > 1 && <> · attempt {job.attempts}</>}
          </p>
        </div>
        <JobStateBadge state={job.state} cancelRequested={job.cancelRequested} />
      </div>
      {job.state === 'running' && <JobProgress progress={job.progress} label={`Progress of ${job.title}`} />}
      {job.error && <ErrorNotice error={job.error} />}
      {failure && <ErrorNotice error={failure} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          size="small"
          tone="quiet"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          icon={<ChevronRight aria-hidden className={clsx('size-3.5 transition-transform', open && 'rotate-90')} />}
        >
          Log
        </Button>
        {subject && (
          <Link href={subject.href} className="link text-xs">
            {subject.text}
          </Link>
        )}
        <span className="flex-1" />
        <AtCluster ids={[job.clusterId]}>
          {isActive(job) && (
            <GuardedButton
              action="job.cancel"
              size="small"
              pending={cancel.pending}
              disabledReason={job.cancelRequested && 'The job was asked to stop and will do so at its next safe point'}
              onClick={() => cancel.run({ jobId: job.id })}
            >
              Cancel job
            </GuardedButton>
          )}
          {(job.state === 'failed' || job.state === 'cancelled') && (
            <GuardedButton
              action="job.retry"
              size="small"
              pending={retry.pending}
              onClick={() => retry.run({ jobId: job.id })}
            >
              Retry job
            </GuardedButton>
          )}
        </AtCluster>
      </div>
      {open && <JobLog jobId={job.id} live={isActive(job)} />}
    </li>
  )
}

const LEVELS = { info: 'text-muted', warn: 'text-changed', error: 'text-removed' }

function JobLog({ jobId, live }: { jobId: string; live: boolean }) {
  const job = useQuery({
    queryKey: ['job', jobId],
    queryFn: ({ signal }) =>
      requestJson<JobView & { log: readonly JobLogLineView[] }>(paths.api.job(jobId), { signal }),
    refetchInterval: live ? 1500 : false,
  })
  if (job.error) return <ErrorNotice error={viewOfError(job.error)} />
  if (!job.data) return <Skeleton className="h-16" />
  if (job.data.log.length === 0) return <p className="text-muted text-xs">Nothing was logged yet.</p>
  return (
    <ScrollBox label="Log lines" className="max-h-64 rounded-md border bg-sunken p-2">
      <ol className="font-mono text-xs">
        {job.data.log.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a log only grows at its end
          <li key={index} className="flex gap-2">
            <time dateTime={line.at} className="shrink-0 text-muted">
              {line.at.slice(11, 19)}
            </time>
            <span className={clsx('min-w-0 break-words', LEVELS[line.level])}>
              {line.level !== 'info' && `${line.level}: `}
              {line.message}
            </span>
          </li>
        ))}
      </ol>
    </ScrollBox>
  )
}
