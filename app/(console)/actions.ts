'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { cancelJob } from '@/lib/services/jobs/cancel-job.ts'
import { retryJob } from '@/lib/services/jobs/retry-job.ts'

const jobSchema = z.object({ jobId: z.string() })

export const cancelJobAction = action(jobSchema, async (context, { jobId }) => {
  await cancelJob(context, jobId)
  return null
})

export const retryJobAction = action(jobSchema, (context, { jobId }) => retryJob(context, jobId))
