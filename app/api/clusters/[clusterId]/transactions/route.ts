import { z } from 'zod'
import { readNumber, readSomeOf, readText } from '@/app/_nav/search-params.ts'
import { eventStream } from '@/app/_server/event-stream.ts'
import { readJson, respond, respondJson } from '@/app/_server/respond.ts'
import { getLiveStatus } from '@/lib/services/live/get-live-status.ts'
import { listLiveTransactions } from '@/lib/services/live/list-transactions.ts'
import { LIVE_TYPES } from '@/lib/services/live/schemas.ts'
import { tailTransactions } from '@/lib/services/live/tail-transactions.ts'
import { parseInput } from '@/lib/services/parse-input.ts'

interface Route {
  readonly params: Promise<{ clusterId: string }>
}

export function GET(request: Request, { params }: Route): Promise<Response> {
  return respondJson(request, async (context) => {
    const { clusterId } = await params
    const search = new URL(request.url).searchParams
    return listLiveTransactions(context, {
      clusterId,
      under: readText(search, 'under') || '/',
      types: readSomeOf(search, 'type', LIVE_TYPES),
      before: readText(search, 'before') || null,
      limit: readNumber(search, 'limit'),
    })
  })
}

const bodySchema = z.object({
  under: z.string().max(10_000),
  types: z.array(z.enum(LIVE_TYPES)),
  after: z.string().max(20).nullable(),
})

/** A read that does not end: what comes from now on. */
export function POST(request: Request, { params }: Route): Promise<Response> {
  return respond(request, async (context) => {
    const { clusterId } = await params
    await getLiveStatus(context, clusterId)
    const asked = parseInput(bodySchema, await readJson(request))
    return eventStream(request, (signal) => tailTransactions(context, { clusterId, ...asked, signal }))
  })
}
