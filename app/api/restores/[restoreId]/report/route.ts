import { downloadHeaders, respond, textBody } from '@/app/_server/respond.ts'
import { exportReport } from '@/lib/services/restores/export-report.ts'

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { restoreId } = await params
    return new Response(await textBody(exportReport(context, restoreId)), {
      headers: downloadHeaders({
        name: `restore-${restoreId}.jsonl`,
        contentType: 'application/x-ndjson; charset=utf-8',
      }),
    })
  })
}
