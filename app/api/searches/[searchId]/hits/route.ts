import { readNumber } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { listHits } from '@/lib/services/searches/list-hits.ts'

export function GET(request: Request, { params }: { params: Promise<{ searchId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listHits(context, {
      searchId: (await params).searchId,
      from: readNumber(search, 'from'),
      limit: readNumber(search, 'limit'),
    })
  })
}
