import { z } from 'zod'

export const INTERVAL_MINUTES_DEFAULT = 60
export const INTERVAL_MINUTES_MAX = 366 * 24 * 60

/** What cannot be an interval is the default one: the text stands in an address that anybody may write. */
export const retentionInputSchema = z.object({
  clusterId: z.string(),
  everyMinutes: z.number().int().min(1).max(INTERVAL_MINUTES_MAX).catch(INTERVAL_MINUTES_DEFAULT),
})
