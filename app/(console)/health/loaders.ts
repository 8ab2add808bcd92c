import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getHealth } from '@/lib/services/health/get-health.ts'
import { getHealthHistory } from '@/lib/services/health/get-health-history.ts'

export const loadHealth = (clusterId: string) => load((context) => getHealth(context, clusterId))

export const loadHealthHistory = (clusterId: string, range: 'hour' | 'day' | 'week' | 'month') =>
  load((context) => getHealthHistory(context, { clusterId, range }))
