import { respondJson } from '@/app/_server/respond.ts'
import { lookAgain } from '@/lib/services/guards/look-again.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => lookAgain(context, (await params).restoreId))
}
