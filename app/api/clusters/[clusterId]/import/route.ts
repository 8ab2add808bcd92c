import { readText } from '@/app/_nav/search-params.ts'
import { respond } from '@/app/_server/respond.ts'
import { startImport } from '@/lib/services/imports/start-import.ts'

/** The body is the file itself, streamed: a form would be held in memory as a whole. */
export function POST(request: Request, { params }: { params: Promise<{ clusterId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { clusterId } = await params
    const search = new URL(request.url).searchParams
    const started = await startImport(context, {
      facts: {
        clusterId,
        fileName: readText(search, 'name'),
        // The schema says which there are.
        form: (readText(search, 'form') || null) as null,
        note: readText(search, 'note'),
      },
      bytes: request.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() }),
    })
    return Response.json(started, { status: 202, headers: { 'cache-control': 'private, no-store' } })
  })
}
