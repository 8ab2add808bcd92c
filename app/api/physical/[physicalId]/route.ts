import { respondJson } from '@/app/_server/respond.ts'
import { getPhysical } from '@/lib/services/physical/get-physical.ts'

export function GET(request: Request, { params }: { params: Promise<{ physicalId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getPhysical(context, (await params).physicalId))
}
