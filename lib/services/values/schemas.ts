import { z } from 'zod'
import { VALUE_ROLES } from '../../domain/value/value-rules.ts'
import { pathPatternSchema } from '../ignore-rules/schemas.ts'

/** Every value that is shown is asked of all of them. */
export const VALUE_RULES_MAX = 200

const shape = {
  /** Null: at every cluster. */
  clusterId: z.string().nullable(),
  pattern: pathPatternSchema,
  ignoreCase: z.boolean().default(true),
  effect: z.enum(['mask', 'forbid', 'record']),
  leastRole: z.enum(VALUE_ROLES).default('operator'),
  recordsReads: z.boolean().default(false),
  note: z.string().trim().min(1, 'Say why: whoever meets a hidden value is told').max(500),
}

export const addValueRuleSchema = z.object(shape)
export const changeValueRuleSchema = z.object({ ...shape, ruleId: z.string() })
export const removeValueRuleSchema = z.object({ ruleId: z.string() })
export const switchKnownSecretSchema = z.object({
  ruleId: z.string(),
  enabled: z.boolean(),
  recordsReads: z.boolean(),
})

export const revealValueSchema = z.object({
  /** TreeRef text. */
  tree: z.string().max(200),
  path: z.string(),
})
export const revealTransactionSchema = revealValueSchema.extend({ zxid: z.string() })
