import { respondMetrics } from '@/app/_server/respond-metrics.ts'

export const dynamic = 'force-dynamic'

/** For Prometheus, with a token or from this host; a session opens nothing here. */
export function GET(request: Request): Promise<Response> {
  return respondMetrics(request)
}
