import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getWriteRate } from '@/lib/services/logs/get-write-rate.ts'
import { getTimeTravel } from '@/lib/services/moments/get-time-travel.ts'

/** Bars of the drawing. */
const BUCKETS = 120

export const loadTimeTravel = (clusterId: string, pick: { at: string; zxid: string }) =>
  load(async (context) => {
    const travel = await getTimeTravel(context, { clusterId, ...pick })
    return { ...travel, rate: await getWriteRate(context, { clusterId, buckets: BUCKETS }) }
  })
