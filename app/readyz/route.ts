import { respondReady } from '@/app/_server/respond-ready.ts'

export const dynamic = 'force-dynamic'

/** Ready to work: the database answers and a worker was seen lately. Whether requests may be sent here is what `/healthz` says. */
export function GET(): Promise<Response> {
  return respondReady()
}
