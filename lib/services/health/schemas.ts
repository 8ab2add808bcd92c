import { z } from 'zod'

export const HEALTH_EVERY_SECONDS = { min: 60, max: 3600, default: 60 } as const
export const HEALTH_SAMPLES_MAX = 2000

export const setHealthWatchSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  everySeconds: z.coerce
    .number()
    .int()
    .min(HEALTH_EVERY_SECONDS.min)
    .max(HEALTH_EVERY_SECONDS.max)
    .default(HEALTH_EVERY_SECONDS.default),
})

/** What is no range is the last day: the word stands in an address that anybody may write. */
export const healthHistorySchema = z.object({
  clusterId: z.string(),
  range: z.enum(['hour', 'day', 'week', 'month']).catch('day'),
})

export const listHealthSamplesSchema = z.object({
  clusterId: z.string(),
  /** Milliseconds since 1970. */
  from: z.number().int().min(0),
  to: z.number().int().min(0),
  server: z.string().max(300).optional(),
  limit: z.number().int().min(1).max(HEALTH_SAMPLES_MAX),
})
