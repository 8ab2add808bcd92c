import { respondJson } from '@/app/_server/respond.ts'
import { getSearch } from '@/lib/services/searches/get-search.ts'

export function GET(request: Request, { params }: { params: Promise<{ searchId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getSearch(context, (await params).searchId))
}
