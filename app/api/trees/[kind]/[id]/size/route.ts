import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { measureSubtree } from '@/lib/services/tree/measure-subtree.ts'

export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respondJson(request, async (context) =>
    measureSubtree(context, { ref: await treeRefOf(route), path: readText(new URL(request.url).searchParams, 'path') }),
  )
}
