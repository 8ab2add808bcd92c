import { downloadHeaders, respond, textBody } from '@/app/_server/respond.ts'
import { exportChanges } from '@/lib/services/diffs/export-changes.ts'

export function GET(request: Request, { params }: { params: Promise<{ diffId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { diffId } = await params
    return new Response(await textBody(exportChanges(context, diffId)), {
      headers: downloadHeaders({ name: `diff-${diffId}.jsonl`, contentType: 'application/x-ndjson; charset=utf-8' }),
    })
  })
}
