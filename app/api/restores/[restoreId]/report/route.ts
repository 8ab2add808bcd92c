import { readOneOf } from '@/app/_nav/search-params.ts'
import { downloadHeaders, respond, textBody } from '@/app/_server/respond.ts'
import { exportReport } from '@/lib/services/restores/export-report.ts'

const CONTENT_TYPES = { jsonl: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const

export function GET(request: Request, { params }: { params: Promise<{ restoreId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { restoreId } = await params
    const search = new URL(request.url).searchParams
    const format = readOneOf(search, 'format', ['jsonl', 'csv']) ?? 'jsonl'
    const kind = readOneOf(search, 'kind', ['create', 'setData', 'setAcl', 'delete', 'advanceCounter'])
    const name = `${kind === 'delete' ? 'deletions' : 'restore'}-${restoreId}.${format}`
    return new Response(await textBody(exportReport(context, restoreId, { format, kind })), {
      headers: downloadHeaders({ name, contentType: CONTENT_TYPES[format] }),
    })
  })
}
