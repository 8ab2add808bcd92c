import { respondJson } from '@/app/_server/respond.ts'
import { getClusterStatus } from '@/lib/services/clusters/get-cluster-status.ts'

export function GET(request: Request, { params }: { params: Promise<{ clusterId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getClusterStatus(context, (await params).clusterId))
}
