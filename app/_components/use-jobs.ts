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

export const isActive = (job: JobView) => job.state === 'queued' || job.state === 'running'

/** The newest jobs, asked for more often while one is at work. Shared by every part of the page that shows jobs. */
export function useJobs() {
  return useQuery({
    queryKey: JOBS_KEY,
    queryFn: ({ signal }) => requestJson<readonly JobView[]>(paths.api.jobs(), { signal }),
    refetchInterval: (query) => (query.state.data?.some(isActive) ? BUSY_MS : QUIET_MS),
  })
}

/** Draws the server's part of the page again when a job that concerns it has ended. */
export function useRefreshWhenJobsEnd(jobs: readonly JobView[] | undefined, concerns: (job: JobView) => boolean): void {
  const router = useRouter()
  const active = useRef<ReadonlySet<string>>(new Set())
  useEffect(() => {
    if (!jobs) return
    const now = new Set(jobs.filter((job) => isActive(job) && concerns(job)).map((job) => job.id))
    const ended = [...active.current].some((id) => !now.has(id))
    active.current = now
    if (ended) router.refresh()
  }, [jobs, concerns, router])
}
