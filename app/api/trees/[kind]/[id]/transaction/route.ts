import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { getZnodeTransaction } from '@/lib/services/logs/get-znode-transaction.ts'

export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    const ref = await treeRefOf(route)
    return getZnodeTransaction(context, { ref, path: readText(search, 'path'), zxid: readText(search, 'zxid') })
  })
}
