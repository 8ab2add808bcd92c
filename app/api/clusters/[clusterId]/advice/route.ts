import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { type AdvisedAct, adviseOnPath } from '@/lib/services/guards/advise-on-path.ts'

export function GET(request: Request, { params }: { params: Promise<{ clusterId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    // What is none of the acts is refused by the service.
    const act = readText(search, 'act') as AdvisedAct
    return adviseOnPath(context, { clusterId: (await params).clusterId, path: readText(search, 'path'), act })
  })
}
