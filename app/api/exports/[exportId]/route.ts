import { respondJson } from '@/app/_server/respond.ts'
import { getExport } from '@/lib/services/tree/get-export.ts'

/** How an export goes; null before it has begun. */
export function GET(request: Request, { params }: { params: Promise<{ exportId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getExport(context, (await params).exportId))
}
