import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { getZnodePair } from '@/lib/services/tree/get-znode-pair.ts'

export function GET(request: Request): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    const [left, right, path] = [readText(search, 'left'), readText(search, 'right'), readText(search, 'path')]
    return getZnodePair(context, { left, right, path })
  })
}
