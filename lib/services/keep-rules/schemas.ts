import { z } from 'zod'
import { isTimeZone } from '../../domain/retention/keep-periods.ts'

const count = (max: number, least = 0) => z.coerce.number().int().min(least).max(max)

/** Keep rules as they are stored and as forms give them. `logDays` null: archived transaction logs stay whatever their age. */
export const keepRulesSchema = z.object({
  timeZone: z
    .string()
    .trim()
    .max(64)
    .refine(isTimeZone, 'This time zone is not known: give one as Europe/Berlin or UTC'),
  last: count(10_000),
  hourly: count(10_000),
  daily: count(10_000),
  weekly: count(10_000),
  monthly: count(10_000),
  yearly: count(1000),
  atLeast: count(10_000, 1),
  minAgeDays: count(36_500),
  safetyDays: count(36_500),
  unsoundDays: count(36_500),
  /** From the mark to the removal; so long it can be taken back. */
  graceDays: count(365),
  when: z.enum(['daily', 'after-backup']),
  /** At which hour of the day, in the time zone. */
  hour: count(23),
  logDays: count(36_500, 1).nullable(),
})
export type KeepRules = z.output<typeof keepRulesSchema>

/** What the form begins with. Nothing is removed by them before somebody has saved them. */
export const SUGGESTED_RULES: KeepRules = {
  timeZone: 'UTC',
  last: 7,
  hourly: 24,
  daily: 14,
  weekly: 8,
  monthly: 12,
  yearly: 3,
  atLeast: 3,
  minAgeDays: 1,
  safetyDays: 30,
  unsoundDays: 30,
  graceDays: 3,
  when: 'daily',
  hour: 3,
  logDays: null,
}

/** Of all clusters that have no rules of their own. */
export const DEFAULT_POLICY = 'default'
/** What is typed to set rules for all clusters that would remove much at once. */
export const ALL_CLUSTERS = 'all clusters'

export const setKeepRulesSchema = z.object({
  /** Null: those of all clusters without their own. */
  clusterId: z.string().nullable(),
  /** False: everything stays. */
  enabled: z.boolean(),
  rules: keepRulesSchema,
  /** The cluster's name ("all clusters" for those of all), where more than half of the good backups would go at once. */
  confirm: z.string().trim().max(200).default(''),
})
export const previewKeepRulesSchema = z.object({ clusterId: z.string(), rules: keepRulesSchema })
export const applyKeepRulesSchema = z.object({ clusterId: z.string(), confirm: z.string().trim().max(200).default('') })
export const placeHoldSchema = z.object({
  backupId: z.string(),
  reason: z.string().trim().min(3, 'Say why').max(500),
  /** A day (YYYY-MM-DD, to its end in UTC) or a time; null: until it is lifted. */
  until: z
    .string()
    .trim()
    .regex(/^\d{4}-\d{2}-\d{2}(T.+)?$/, 'Give a day as 2027-01-31')
    .nullable()
    .default(null),
})
/** `holdId` null: all that stand. */
export const liftHoldSchema = z.object({
  backupId: z.string(),
  holdId: z.string().nullable().default(null),
  reason: z.string().trim().min(3, 'Say why').max(500),
})
