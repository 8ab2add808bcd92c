import { readNumber } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { listStaleLines } from '@/lib/services/restores/stale-lines.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listStaleLines(context, {
      restoreId: (await params).restoreId,
      after: readNumber(search, 'after'),
      limit: readNumber(search, 'limit'),
    })
  })
}
