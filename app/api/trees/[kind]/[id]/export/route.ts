import { readText } from '@/app/_nav/search-params.ts'
import { downloadHeaders, respond, textBody } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { exportFileName, exportSubtree } from '@/lib/services/tree/export-subtree.ts'

/** JSON Lines of a subtree. A failure on the way breaks the connection, so that a part is never taken for the whole. */
export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respond(request, async (context) => {
    const search = new URL(request.url).searchParams
    const path = readText(search, 'path')
    const exportId = readText(search, 'export') || context.newId()
    const lines = exportSubtree(context, { ref: await treeRefOf(route), path, exportId })
    return new Response(await textBody(lines), {
      headers: downloadHeaders({ name: exportFileName(path), contentType: 'application/x-ndjson; charset=utf-8' }),
    })
  })
}
