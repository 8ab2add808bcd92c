import { readNumber, readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { listChildren } from '@/lib/services/tree/list-children.ts'

export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listChildren(context, {
      ref: await treeRefOf(route),
      path: readText(search, 'path'),
      after: readText(search, 'after') || undefined,
      limit: readNumber(search, 'limit'),
    })
  })
}
