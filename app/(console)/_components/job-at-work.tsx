'use client'

import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, useJobs } from '@/app/_components/use-jobs.ts'
import { cancelJobAction } from '../actions.ts'

/** What a page shows while the job behind it goes on: how far it is, and the way to end it. */
export function JobAtWork({
  jobId,
  isQueued,
  doing,
  what,
}: {
  jobId: string | null
  isQueued: boolean
  /** "Comparing" */
  doing: string
  /** "comparison" */
  what: string
}) {
  const jobs = useJobs()
  const job = jobs.data?.find((each) => each.id === jobId)
  const cancel = useAction(cancelJobAction)
  return (
    <section
      aria-label={`${what.charAt(0).toUpperCase()}${what.slice(1)} at work`}
      className="flex flex-col gap-3 rounded-lg border border-accent/40 bg-surface p-4"
    >
      <div className="flex items-center gap-3">
        <h2 className="flex-1 font-semibold text-sm">{isQueued ? 'Waiting for a worker' : doing}</h2>
        {job && isActive(job) && (
          <GuardedButton
            action="job.cancel"
            size="small"
            pending={cancel.pending}
            disabledReason={job.cancelRequested && `The ${what} was asked to stop and will do so in a moment`}
            onClick={() => cancel.run({ jobId: job.id })}
          >
            Cancel
          </GuardedButton>
        )}
      </div>
      <JobProgress progress={job?.progress ?? null} label={`Progress of the ${what}`} />
      {cancel.error && <ErrorNotice error={cancel.error} />}
      <p className="text-muted text-sm">You can leave this page: the {what} goes on.</p>
    </section>
  )
}
