import { respondJson } from '@/app/_server/respond.ts'
import { getSourceClients } from '@/lib/services/migrations/get-source-clients.ts'

export function GET(request: Request, { params }: { params: Promise<{ migrationId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getSourceClients(context, (await params).migrationId))
}
