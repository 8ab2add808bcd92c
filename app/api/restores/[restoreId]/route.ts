import { respondJson } from '@/app/_server/respond.ts'
import { getRestore } from '@/lib/services/restores/get-restore.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getRestore(context, (await params).restoreId))
}
