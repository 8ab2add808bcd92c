import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getRetention } from '@/lib/services/retention/get-retention.ts'

export const loadRetention = (clusterId: string, everyMinutes: number | undefined) =>
  load((context) => getRetention(context, { clusterId, everyMinutes }))
