import { respondJson } from '@/app/_server/respond.ts'
import { listPlaces } from '@/lib/services/places/list-places.ts'

export function GET(request: Request): Promise<Response> {
  return respondJson(request, (context) => listPlaces(context))
}
