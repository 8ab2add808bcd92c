import { respondJson } from '@/app/_server/respond.ts'
import { listJobs } from '@/lib/services/jobs/list-jobs.ts'

const LIMIT = 60

export function GET(request: Request): Promise<Response> {
  return respondJson(request, (context) => listJobs(context, { limit: LIMIT }))
}
