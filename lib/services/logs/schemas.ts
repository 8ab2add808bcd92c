import { z } from 'zod'

export const LOG_KEEPING_SECONDS = { min: 10, max: 86_400, default: 60 } as const

export const keepLogsSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  everySeconds: z.coerce
    .number()
    .int()
    .min(LOG_KEEPING_SECONDS.min)
    .max(LOG_KEEPING_SECONDS.max)
    .default(LOG_KEEPING_SECONDS.default),
})
