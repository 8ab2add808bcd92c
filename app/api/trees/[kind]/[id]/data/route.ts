import { readText } from '@/app/_nav/search-params.ts'
import { downloadHeaders, respond } from '@/app/_server/respond.ts'
import { type TreeRouteParams, treeRefOf } from '@/app/_server/tree-ref-of.ts'
import { nameOf, parsePath } from '@/lib/domain/znode/path.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { openTree } from '@/lib/services/tree/open-tree.ts'

/** The whole value as a file, byte for byte: the page shows at most the first mebibyte. */
export function GET(request: Request, route: TreeRouteParams): Promise<Response> {
  return respond(request, async (context) => {
    const path = parsePath(readText(new URL(request.url).searchParams, 'path'))
    const tree = await openTree(context, await treeRefOf(route))
    try {
      const reading = await tree.reader.get(path, { signal: request.signal })
      if (reading.kind === 'missing') throw new ServiceError('NOT_FOUND', `${path} does not exist`)
      if (reading.kind === 'unreadable')
        throw new ServiceError('FORBIDDEN', `${path} cannot be read: ${reading.message}`)
      const data = reading.znode.data ?? new Uint8Array()
      return new Response(Uint8Array.from(data), {
        headers: downloadHeaders({ name: nameOf(path) || 'root', bytes: data.length }),
      })
    } finally {
      await tree.release()
    }
  })
}
