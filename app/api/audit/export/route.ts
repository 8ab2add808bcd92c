import { readAuditFilter } from '@/app/_nav/audit-filter.ts'
import { readOneOf } from '@/app/_nav/search-params.ts'
import { downloadHeaders, respond, textBody } from '@/app/_server/respond.ts'
import { exportAudit } from '@/lib/services/audit/export-audit.ts'

export function GET(request: Request): Promise<Response> {
  return respond(request, async (context) => {
    const search = new URL(request.url).searchParams
    const format = readOneOf(search, 'format', ['csv', 'jsonl']) ?? 'jsonl'
    const body = await textBody(exportAudit(context, { filter: readAuditFilter(search), format }))
    return new Response(body, {
      headers: downloadHeaders({
        name: `arkeeper-audit.${format}`,
        contentType: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8',
      }),
    })
  })
}
