import { readText } from '@/app/_nav/search-params.ts'
import { downloadHeaders, respond } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { readValue } from '@/lib/services/tree/read-value.ts'

/** The whole value as a file, byte for byte or unpacked: the page shows at most the first mebibyte. */
export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respond(request, async (context) => {
    const search = new URL(request.url).searchParams
    const ref = await treeRefOf(route)
    const { name, data } = await readValue(context, {
      ref,
      path: readText(search, 'path'),
      unpack: readText(search, 'unpack') === '1',
    })
    return new Response(Uint8Array.from(data), { headers: downloadHeaders({ name, bytes: data.length }) })
  })
}
