import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { listZnodeTransactions } from '@/lib/services/logs/list-znode-transactions.ts'

export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    const ref = await treeRefOf(route)
    const before = readText(search, 'before') || null
    return listZnodeTransactions(context, { ref, path: readText(search, 'path'), before })
  })
}
