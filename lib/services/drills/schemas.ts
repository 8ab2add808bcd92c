import { z } from 'zod'

export const DRILL_EVERY_HOURS = { min: 1, max: 24 * 90, default: 24 } as const
export const DRILL_LIMIT_MINUTES = { min: 1, max: 11 * 60, default: 60 } as const

export const setDrillScheduleSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  everyHours: z.coerce
    .number()
    .int()
    .min(DRILL_EVERY_HOURS.min)
    .max(DRILL_EVERY_HOURS.max)
    .default(DRILL_EVERY_HOURS.default),
  limitMinutes: z.coerce
    .number()
    .int()
    .min(DRILL_LIMIT_MINUTES.min)
    .max(DRILL_LIMIT_MINUTES.max)
    .default(DRILL_LIMIT_MINUTES.default),
})
