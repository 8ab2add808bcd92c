'use client'

import { useQuery } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useEffect, useRef } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'
import { requestJson } from './request-json.ts'

export const JOBS_KEY = ['jobs'] as const
const BUSY_MS = 1000
const QUIET_MS = 6000
/** Longer than any page is on its way, and than two clocks are apart. */
const LATELY_MS = 60_000

export const isActive = (job: JobView) => job.state === 'queued' || job.state === 'running'

/** The newest jobs, asked for more often while one is at work. Shared by every part of the page that shows jobs. */
export function useJobs() {
  return useQuery({
    queryKey: JOBS_KEY,
    queryFn: ({ signal }) => requestJson<readonly JobView[]>(paths.api.jobs(), { signal }),
    refetchInterval: (query) => (query.state.data?.some(isActive) ? BUSY_MS : QUIET_MS),
  })
}

/**
 * Draws the server's part of the page again when a job that concerns it has ended. A short one begins and ends between two looks,
 * so what counts is an end that was not known before, not an activity that was seen. What ended shortly before the first look may
 * have ended while the page was on its way: once more is drawn rather than never.
 */
export function useRefreshWhenJobsEnd(jobs: readonly JobView[] | undefined, concerns: (job: JobView) => boolean): void {
  const router = useRouter()
  const known = useRef<ReadonlySet<string> | null>(null)
  useEffect(() => {
    if (!jobs) return
    // A job that is tried again ends more than once.
    const ended = jobs.filter((job) => !isActive(job) && concerns(job))
    const before = known.current
    known.current = new Set(ended.map(endOf))
    if (ended.some(before ? (job) => !before.has(endOf(job)) : endedLately)) router.refresh()
  }, [jobs, concerns, router])
}

const endOf = (job: JobView) => `${job.id} ${job.finishedAt ?? job.state}`

const endedLately = ({ finishedAt }: JobView) =>
  finishedAt !== null && Math.abs(Date.now() - Date.parse(finishedAt)) < LATELY_MS
