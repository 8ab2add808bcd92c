import { z } from 'zod'
import { eventStream } from '@/app/_server/event-stream.ts'
import { readJson, respond } from '@/app/_server/respond.ts'
import { clusterInputSchema } from '@/lib/services/clusters/schemas.ts'
import { testCluster } from '@/lib/services/clusters/test-cluster.ts'
import { parseInput } from '@/lib/services/parse-input.ts'

const bodySchema = z.union([
  z.object({ clusterId: z.string(), input: clusterInputSchema.optional() }),
  z.object({ clusterId: z.undefined().optional(), input: clusterInputSchema }),
])

/** Steps as they end. Credentials travel in the body, never in a URL. */
export function POST(request: Request): Promise<Response> {
  return respond(request, async (context) => {
    const body = parseInput(bodySchema, await readJson(request))
    return eventStream(request, (signal) => testCluster({ ...context, signal }, body))
  })
}
