import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { countDescendants } from '@/lib/services/tree/count-descendants.ts'

export function GET(request: Request, { params }: { params: Promise<{ clusterId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const path = readText(new URL(request.url).searchParams, 'path')
    return { path, descendants: await countDescendants(context, { clusterId: (await params).clusterId, path }) }
  })
}
