import { readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { getChange } from '@/lib/services/diffs/get-change.ts'

export function GET(request: Request, { params }: { params: Promise<{ diffId: string }> }): Promise<Response> {
  return respondJson(request, async (context) =>
    getChange(context, { diffId: (await params).diffId, path: readText(new URL(request.url).searchParams, 'path') }),
  )
}
