import { respondJson } from '@/app/_server/respond.ts'
import { getDiff } from '@/lib/services/diffs/get-diff.ts'

export function GET(request: Request, { params }: { params: Promise<{ diffId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getDiff(context, (await params).diffId))
}
