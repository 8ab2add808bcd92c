import { respondReady } from '@/app/_server/respond-ready.ts'

export const dynamic = 'force-dynamic'

/** Requests may be sent here. Whether workers are there is not asked: a dashboard that vanished with them would help nobody. */
export function GET(): Promise<Response> {
  return respondReady()
}
