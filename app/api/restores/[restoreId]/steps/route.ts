import { readNumber, readOneOf, readText } from '@/app/_nav/search-params.ts'
import { respondJson } from '@/app/_server/respond.ts'
import { listPlanSteps } from '@/lib/services/restores/list-plan-steps.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => {
    const search = new URL(request.url).searchParams
    return listPlanSteps(context, {
      restoreId: (await params).restoreId,
      after: readNumber(search, 'after'),
      limit: readNumber(search, 'limit'),
      kind: readOneOf(search, 'kind', ['create', 'setData', 'setAcl', 'delete']),
      under: readText(search, 'under') || undefined,
    })
  })
}
