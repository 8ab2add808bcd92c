import { readNumber } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { listLaterWrites } from '@/lib/services/restores/list-later-writes.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listLaterWrites(context, {
      restoreId: (await params).restoreId,
      from: readNumber(search, 'from'),
      limit: readNumber(search, 'limit'),
    })
  })
}
