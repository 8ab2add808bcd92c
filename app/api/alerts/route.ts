import { respondJson } from '@/app/_server/respond.ts'
import { countOpenAlerts } from '@/lib/services/alerts/list-alerts.ts'

export function GET(request: Request): Promise<Response> {
  return respondJson(request, countOpenAlerts)
}
