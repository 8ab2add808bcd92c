import { z } from 'zod'

export const auditFilterSchema = z.object({
  clusterId: z.string().default(''),
  actor: z.string().trim().max(200).default(''),
  action: z.string().trim().max(100).default(''),
  outcome: z.enum(['', 'started', 'ok', 'denied', 'failed']).default(''),
  path: z.string().trim().max(1000).default(''),
  /** Inclusive, ISO date or date-time, UTC. */
  from: z.string().default(''),
  to: z.string().default(''),
})
export type AuditFilter = z.infer<typeof auditFilterSchema>

export const AUDIT_MONTHS_MAX = 600

/** Null and nothing keep entries for ever. */
export const setAuditSettingsSchema = z.object({
  months: z.preprocess(
    (value) => (value === '' ? null : value),
    z.coerce.number().int().min(1).max(AUDIT_MONTHS_MAX).nullable(),
  ),
})
