import { downloadHeaders, respond } from '@/app/_server/respond.ts'
import { getProofFile } from '@/lib/services/migrations/get-migration.ts'

export function GET(request: Request, { params }: { params: Promise<{ migrationId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { migrationId } = await params
    return new Response(await getProofFile(context, migrationId), {
      headers: downloadHeaders({
        name: `migration-${migrationId}.json`,
        contentType: 'application/json; charset=utf-8',
      }),
    })
  })
}
