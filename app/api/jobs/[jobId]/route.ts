import { respondJson } from '@/app/_server/respond.ts'
import { getJob } from '@/lib/services/jobs/get-job.ts'

export function GET(request: Request, { params }: { params: Promise<{ jobId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getJob(context, (await params).jobId))
}
