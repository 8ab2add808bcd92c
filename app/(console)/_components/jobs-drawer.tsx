'use client'

import { ListTodo } from 'lucide-react'
import { useEffect, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { viewOfError } from '@/app/_components/request-json.ts'
import { isActive, useJobs } from '@/app/_components/use-jobs.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Drawer } from '@/app/_ui/dialog.tsx'
import { DrawnText } from '@/app/_ui/drawn-text.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { JobView } from '@/lib/services/jobs/views.ts'
import { JobItem } from './job-item.tsx'
import { isTyping } from './keys-help.tsx'

const DAY_MS = 24 * 3600_000
const GROUPS: ReadonlyArray<{ title: string; has: (job: JobView) => boolean }> = [
  { title: 'Running', has: (job) => job.state === 'running' },
  { title: 'Waiting', has: (job) => job.state === 'queued' },
  { title: 'Failed', has: (job) => job.state === 'failed' },
  { title: 'Ended', has: (job) => job.state === 'succeeded' || job.state === 'cancelled' },
]

export function JobsDrawer() {
  const [open, setOpen] = useState(false)
  const jobs = useJobs()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'j' && !isTyping(event)) setOpen((current) => !current)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const active = jobs.data?.filter(isActive).length ?? 0
  const failed = jobs.data?.filter(failedLately).length ?? 0
  const summary =
    active > 0
      ? `${plural(active, 'job')} at work`
      : failed > 0
        ? `${plural(failed, 'job')} failed in the last day`
        : 'none at work'
  return (
    <>
      <Button
        tone="quiet"
        aria-label={`Jobs: ${summary}`}
        title="Jobs (j)"
        icon={<ListTodo aria-hidden className="size-4.5" />}
        onClick={() => setOpen(true)}
      >
        <span className="max-sm:hidden">Jobs</span>
        {active > 0 && (
          <DrawnText
            text={String(active)}
            className="rounded-full bg-accent px-1.5 font-medium text-2xs text-on-accent"
          />
        )}
        {active === 0 && failed > 0 && (
          <DrawnText
            text={String(failed)}
            className="rounded-full bg-danger px-1.5 font-medium text-2xs text-on-danger"
          />
        )}
      </Button>
      <Drawer
        open={open}
        onOpenChange={setOpen}
        title="Jobs"
        description="What runs, what waits, and what failed and why."
      >
        <JobGroups jobs={jobs.data} error={jobs.error} />
      </Drawer>
    </>
  )
}

const failedLately = (job: JobView) =>
  job.state === 'failed' && job.finishedAt !== null && Date.now() - Date.parse(job.finishedAt) < DAY_MS

function JobGroups({ jobs, error }: { jobs: readonly JobView[] | undefined; error: Error | null }) {
  if (error && !jobs) {
    return (
      <div className="p-4">
        <ErrorNotice error={viewOfError(error)} />
      </div>
    )
  }
  if (!jobs) {
    return (
      <div className="flex flex-col gap-3 p-4">
        <Skeleton className="h-12" />
        <Skeleton className="h-12" />
      </div>
    )
  }
  if (jobs.length === 0) {
    return (
      <EmptyState icon={<ListTodo aria-hidden />} title="No jobs yet">
        Backups, verifications, diffs, searches and restores run here in the background. Start one from a cluster's
        pages.
      </EmptyState>
    )
  }
  return GROUPS.map(({ title, has }) => {
    const members = jobs.filter(has)
    if (members.length === 0) return null
    return (
      <section key={title} aria-label={`${title} jobs`}>
        <h3 className="sticky top-0 z-10 border-b bg-sunken px-4 py-1 font-medium text-muted text-xs">
          {title} <span className="font-normal">({members.length})</span>
        </h3>
        <ul className="divide-y">
          {members.map((job) => (
            <JobItem key={job.id} job={job} />
          ))}
        </ul>
      </section>
    )
  })
}
