import { respondJson } from '@/app/_server/respond.ts'
import { getMigration } from '@/lib/services/migrations/get-migration.ts'

export function GET(request: Request, { params }: { params: Promise<{ migrationId: string }> }): Promise<Response> {
  return respondJson(request, async (context) => getMigration(context, (await params).migrationId))
}
