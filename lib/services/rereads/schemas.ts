import { z } from 'zod'
import { isTimeZone } from '../../domain/retention/keep-periods.ts'

export const REREAD_DAYS = { min: 1, max: 3650, default: 30 } as const
const hour = z.coerce.number().int().min(0).max(23).default(0)

export const setRereadsSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  /** Within so many days everything is read again. */
  everyDays: z.coerce.number().int().min(REREAD_DAYS.min).max(REREAD_DAYS.max).default(REREAD_DAYS.default),
  /** Null: as much as it takes. */
  megabytesPerDayMax: z.coerce.number().int().min(1).max(1_000_000_000).nullable().default(null),
  /** Equal hours: all day. */
  fromHour: hour,
  toHour: hour,
  timeZone: z.string().trim().max(64).refine(isTimeZone, 'This time zone is not known').default('UTC'),
})
