import { readNumber, readOneOf, readSomeOf, readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { listDiffTree } from '@/lib/services/diffs/list-diff-tree.ts'
import { IGNORED_MODES } from '@/lib/services/diffs/schemas.ts'

export function GET(request: Request, { params }: { params: Promise<{ diffId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listDiffTree(context, {
      diffId: (await params).diffId,
      parent: readText(search, 'parent'),
      filter: {
        kinds: readSomeOf(search, 'kind', ['added', 'removed', 'changed']),
        fields: readSomeOf(search, 'field', ['data', 'acl', 'kind']),
        search: readText(search, 'search'),
      },
      ignored: readOneOf(search, 'ignored', IGNORED_MODES),
      after: readText(search, 'after') || undefined,
      limit: readNumber(search, 'limit'),
    })
  })
}
