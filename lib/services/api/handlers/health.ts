import { getHealth } from '../../health/get-health.ts'
import { listHealthSamples } from '../../health/list-health-samples.ts'
import type { healthOperations } from '../contract/health.ts'
import type { Handlers } from '../handler.ts'

export const healthHandlers: Handlers<typeof healthOperations> = {
  getClusterHealth: (context, { params }) => getHealth(context, params.clusterId),
  listHealthSamples: async (context, { params, query }) => ({
    items: await listHealthSamples(context, { ...query, clusterId: params.clusterId }),
  }),
}
