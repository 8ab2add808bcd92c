import { z } from 'zod'
import { eventStream } from '@/app/_server/event-stream.ts'
import { readJson, respond } from '@/app/_server/respond.ts'
import { parseInput } from '@/lib/services/parse-input.ts'
import { watchTree } from '@/lib/services/tree/watch-tree.ts'

// As much as a page can have on screen; more would put a load on the cluster that nobody sees.
const bodySchema = z.object({
  dirs: z.array(z.string().max(10_000)).max(500),
  znodes: z.array(z.string().max(10_000)).max(500),
})

/** A read with a body: what to watch is too long for a URL. */
export function POST(request: Request, { params }: { params: Promise<{ clusterId: string }> }): Promise<Response> {
  return respond(request, async (context) => {
    const { clusterId } = await params
    const { dirs, znodes } = parseInput(bodySchema, await readJson(request))
    return eventStream(request, (signal) => watchTree(context, { clusterId, dirs, znodes, signal }))
  })
}
