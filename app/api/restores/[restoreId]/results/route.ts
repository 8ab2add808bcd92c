import { readNumber, readOneOf } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { STEP_RESULTS } from '@/lib/domain/restore/step-results.ts'
import { listStepResults } from '@/lib/services/restores/list-step-results.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listStepResults(context, {
      restoreId: (await params).restoreId,
      after: readNumber(search, 'after'),
      limit: readNumber(search, 'limit'),
      result: readOneOf(search, 'result', STEP_RESULTS),
    })
  })
}
