import { respondJson } from '@/app/_server/respond.ts'
import { getIgnored } from '@/lib/services/diffs/apply-ignore-rules.ts'

export function GET(request: Request, { params }: { params: Promise<{ diffId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getIgnored(context, (await params).diffId))
}
