'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { decideApproval } from '@/lib/services/approvals/decide-approval.ts'
import { requestApproval } from '@/lib/services/approvals/request-approval.ts'
import { decideApprovalSchema, requestApprovalSchema } from '@/lib/services/approvals/schemas.ts'
import { cancelJob } from '@/lib/services/jobs/cancel-job.ts'
import { retryJob } from '@/lib/services/jobs/retry-job.ts'

const jobSchema = z.object({ jobId: z.string() })

export const cancelJobAction = action(jobSchema, async (context, { jobId }) => {
  await cancelJob(context, jobId)
  return null
})

export const retryJobAction = action(jobSchema, (context, { jobId }) => retryJob(context, jobId))

export const requestApprovalAction = action(requestApprovalSchema, requestApproval)

export const decideApprovalAction = action(decideApprovalSchema, async (context, input) => {
  await decideApproval(context, input)
  return null
})
