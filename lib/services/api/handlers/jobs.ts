import { cancelJob } from '../../jobs/cancel-job.ts'
import { getJob } from '../../jobs/get-job.ts'
import { listJobs } from '../../jobs/list-jobs.ts'
import { waitForJob } from '../../jobs/wait-for-job.ts'
import { toPage } from '../../page-cursor.ts'
import type { jobOperations } from '../contract/jobs.ts'
import type { Handlers } from '../handler.ts'

export const jobHandlers: Handlers<typeof jobOperations> = {
  listJobs: async (context, { query }) => {
    const { state, limit, after } = query
    const states = state === undefined ? undefined : [state]
    return toPage(await listJobs(context, { states, limit: limit + 1, before: after }), limit)
  },
  getJob: (context, { params, query }) => waitForJob(context, { ...params, timeoutMs: query.waitSeconds * 1000 }),
  cancelJob: async (context, { params }) => {
    await cancelJob(context, params.jobId)
    return getJob(context, params.jobId)
  },
}
