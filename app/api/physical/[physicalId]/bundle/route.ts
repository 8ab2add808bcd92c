import { byteBody, downloadHeaders, respond } from '@/app/_server/respond.ts'
import { openBundle } from '@/lib/services/physical/open-bundle.ts'

export function GET(request: Request, { params }: { params: Promise<{ physicalId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { name, bytes, stream } = await openBundle(context, (await params).physicalId)
    return new Response(byteBody(stream), {
      headers: downloadHeaders({ name, contentType: 'application/x-tar', bytes }),
    })
  })
}
