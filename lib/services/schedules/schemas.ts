import { z } from 'zod'
import { CRON_CHARACTERS_MAX } from '../../domain/retention/cron.ts'

export const SCHEDULE_SOURCES = ['files', 'observer', 'admin', 'client'] as const
export const JITTER_MINUTES_MAX = 12 * 60
export const SCHEDULES_OF_CLUSTER_MAX = 50
export const PAUSE_DAYS_MAX = 366

const fields = {
  name: z
    .string()
    .trim()
    .min(1, 'Give it a name')
    .max(60, 'At most 60 characters')
    .regex(/^[^\p{Cc}]*$/u, 'No control characters'),
  cron: z.string().trim().min(1, 'Say when').max(CRON_CHARACTERS_MAX),
  timeZone: z.string().trim().min(1, 'Name a time zone').max(64),
  /** Absolute paths; empty means the whole tree. */
  paths: z.array(z.string().trim().min(1)).max(100).default([]),
  /** Tried in this order. */
  sources: z
    .array(z.enum(SCHEDULE_SOURCES))
    .min(1, 'Choose a source')
    .max(SCHEDULE_SOURCES.length)
    .refine((sources) => new Set(sources).size === sources.length, 'Each source once')
    .default(['files', 'admin', 'client']),
  jitterMinutes: z.coerce.number().min(0).max(JITTER_MINUTES_MAX).default(0),
  overlap: z.enum(['wait', 'skip']).default('wait'),
  enabled: z.boolean().default(true),
  note: z.string().trim().max(500).default(''),
}

export const createScheduleSchema = z.object({ clusterId: z.string(), ...fields })
export const updateScheduleSchema = z.object({ scheduleId: z.string(), ...fields })
export const removeScheduleSchema = z.object({ scheduleId: z.string() })
export const pauseScheduleSchema = z.object({
  scheduleId: z.string(),
  /** Null goes on at once. */
  until: z.iso.datetime({ offset: true }).nullable(),
})
