import { z } from 'zod'
import { ALERT_RULES, isRuleId, type RuleId, SEVERITIES } from '../../domain/alerts/rules.ts'

export const CHANNEL_KINDS = ['webhook', 'slack', 'email'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]
export const MAIL_SECURITIES = ['starttls', 'tls', 'none'] as const
export type MailSecurity = (typeof MAIL_SECURITIES)[number]

export const REPEAT_HOURS = { min: 1, max: 24 * 30, default: 24 } as const
export const CHANNELS_MAX = 50
const MAIL_RECIPIENTS_MAX = 50

const ruleId = z.string().refine(isRuleId, 'There is no such rule')
/** Forms send nothing as an empty text. */
const optionalNumber = z.preprocess(
  (value) => (value === '' || value === undefined ? null : value),
  z.coerce.number().int().nullable(),
)

export const setAlertRuleSchema = z
  .object({
    /** Null: for every cluster that has none of its own, or the rule of the installation. */
    clusterId: z.string().nullable(),
    rule: ruleId,
    enabled: z.boolean(),
    severity: z.enum(SEVERITIES),
    numbers: z.record(z.string(), optionalNumber).default({}),
  })
  .superRefine(({ clusterId, rule, numbers }, check) => {
    const known = ALERT_RULES[rule as RuleId]
    if (clusterId !== null && known.of === 'installation') {
      check.addIssue({ code: 'custom', path: ['rule'], message: 'This rule is of the whole installation' })
    }
    for (const [name, bounds] of Object.entries(
      known.numbers as Record<string, { min: number; max: number; default: number | null }>,
    )) {
      const value = numbers[name] ?? null
      const isMissing = value === null && bounds.default !== null
      if (isMissing || (value !== null && (value < bounds.min || value > bounds.max))) {
        const message = `a whole number from ${bounds.min} to ${bounds.max}`
        check.addIssue({ code: 'custom', path: ['numbers', name], message })
      }
    }
  })

export const resetAlertRuleSchema = z.object({ clusterId: z.string().nullable(), rule: ruleId })

export const acknowledgeAlertSchema = z.object({
  alertId: z.string(),
  /** No notices for so long; null: until it is over. */
  minutes: z.preprocess(
    (value) => (value === '' ? null : value),
    z.coerce
      .number()
      .int()
      .min(1)
      .max(60 * 24 * 90)
      .nullable(),
  ),
  reason: z.string().trim().min(1, 'Say why: whoever looks next is told').max(500),
})

export const takeBackAcknowledgementSchema = z.object({ alertId: z.string() })

const webUrl = z
  .string()
  .trim()
  .max(2000)
  .superRefine((text, check) => {
    if (text === '') return
    const url = URL.parse(text)
    const fault =
      url === null || url.hostname === ''
        ? 'this is no address'
        : url.protocol !== 'https:' && url.protocol !== 'http:'
          ? 'the address begins with neither https:// nor http://'
          : url.username !== '' || url.password !== ''
            ? 'an address holds no credentials'
            : null
    if (fault !== null) check.addIssue({ code: 'custom', message: fault })
  })

/** An address and nothing else: no name, no list, nothing that a header could be made of. */
const mailAddress = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s<>(),;:\\"[\]@\p{Cc}]+@[^\s<>(),;:\\"[\]@\p{Cc}]+$/u, 'an address like ops@example.org')

const mailList = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,;]+/))])
  .transform((list) => list.map((each) => each.trim()).filter((each) => each !== ''))
  .pipe(z.array(mailAddress).max(MAIL_RECIPIENTS_MAX))

export const setAlertChannelSchema = z
  .object({
    /** Null: a new one. */
    channelId: z.string().nullable().default(null),
    name: z.string().trim().min(1, 'Give it a name').max(80),
    kind: z.enum(CHANNEL_KINDS),
    enabled: z.boolean().default(true),
    leastSeverity: z.enum(SEVERITIES).default('warning'),
    /** Null: all, and what concerns the installation. */
    clusterIds: z.array(z.string()).max(2000).nullable().default(null),
    ca: z.string().trim().max(50_000).default(''),
    allowLocal: z.boolean().default(false),
    /** Of a webhook or Slack; empty keeps the one that is there. */
    url: webUrl.default(''),
    /** Of a webhook; empty keeps the one that is there. */
    signingSecret: z.string().max(1000).default(''),
    host: z.string().trim().max(253).default(''),
    port: z.coerce.number().int().min(1).max(65_535).default(587),
    security: z.enum(MAIL_SECURITIES).default('starttls'),
    user: z.string().trim().max(320).default(''),
    /** Empty keeps the one that is there. */
    password: z.string().max(1000).default(''),
    from: z.union([z.literal(''), mailAddress]).default(''),
    to: mailList.default([]),
  })
  .superRefine((input, check) => {
    const fault = (path: string, message: string) => check.addIssue({ code: 'custom', path: [path], message })
    if (input.clusterIds !== null && input.clusterIds.length === 0) fault('clusterIds', 'choose at least one cluster')
    if (input.kind !== 'email') return
    if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._:-]+)$/.test(input.host))
      fault('host', 'the name or address of a mail server')
    if (input.from === '') fault('from', 'the address that mail comes from')
    if (input.to.length === 0) fault('to', 'at least one address')
    if (input.security === 'none' && input.user !== '') {
      fault('security', 'a password is not sent in the clear: use STARTTLS or TLS, or no user')
    }
  })

export const channelIdSchema = z.object({ channelId: z.string() })

export const setRepeatSchema = z.object({
  hours: z.coerce.number().int().min(REPEAT_HOURS.min).max(REPEAT_HOURS.max),
})

export const DRIFT_EVERY_MINUTES = { min: 15, max: 60 * 24 * 7, default: 360 } as const
export const DRIFT_ZNODES = { min: 0, max: 1_000_000_000, default: 0 } as const

export const setDriftWatchSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  backupId: z.string().min(1, 'Choose a backup'),
  path: z.string().trim().default('/'),
  everyMinutes: z.coerce
    .number()
    .int()
    .min(DRIFT_EVERY_MINUTES.min)
    .max(DRIFT_EVERY_MINUTES.max)
    .default(DRIFT_EVERY_MINUTES.default),
  /** As many may differ; one more is an alert. */
  znodesMax: z.coerce.number().int().min(DRIFT_ZNODES.min).max(DRIFT_ZNODES.max).default(DRIFT_ZNODES.default),
})

export const alertFilterSchema = z.object({
  clusterId: z.string().default(''),
  /** The id of the last one of the page before. */
  before: z.string().default(''),
})
