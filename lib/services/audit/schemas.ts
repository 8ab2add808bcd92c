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

export const FORWARD_KINDS = ['syslog', 'webhook'] as const
export type ForwardKind = (typeof FORWARD_KINDS)[number]
const FORWARD_PROTOCOLS: Record<ForwardKind, readonly string[]> = {
  syslog: ['tcp:', 'tls:', 'udp:'],
  webhook: ['http:', 'https:'],
}

export const setAuditForwardSchema = z
  .object({
    kind: z.enum(FORWARD_KINDS),
    enabled: z.boolean(),
    url: z.string().trim().min(1).max(1000),
    ca: z.string().trim().max(50_000).default(''),
    /** Empty keeps the one that is there. */
    secret: z.string().max(1000).default(''),
    allowLocal: z.boolean().default(false),
  })
  .superRefine(({ kind, url }, refinement) => {
    const parsed = URL.parse(url)
    const fault =
      parsed === null || parsed.hostname === ''
        ? 'this is no address'
        : !FORWARD_PROTOCOLS[kind].includes(parsed.protocol)
          ? `the address begins with none of ${FORWARD_PROTOCOLS[kind].map((each) => `${each}//`).join(', ')}`
          : parsed.username !== '' || parsed.password !== ''
            ? 'an address holds no credentials'
            : null
    if (fault !== null) refinement.addIssue({ code: 'custom', path: ['url'], message: fault })
  })
