import { z } from 'zod'
import { findPatternFault } from '../../domain/diff/path-pattern.ts'

/** More would be a diff that nobody can judge any more. */
export const IGNORE_RULES_MAX = 200

/** A pattern of paths, as rules of every sort write it. */
export const pathPatternSchema = z
  .string()
  .trim()
  .superRefine((text, check) => {
    const fault = findPatternFault(text)
    if (fault !== null) check.addIssue({ code: 'custom', message: `Not a pattern of paths: ${fault}` })
  })

export const addIgnoreRuleSchema = z
  .object({
    clusterId: z.string(),
    pattern: pathPatternSchema,
    /** None: every change. */
    fields: z.array(z.enum(['data', 'acl', 'kind'])).default([]),
    note: z.string().trim().min(1, 'Say why: whoever reads a diff is told').max(500),
  })
  .refine((rule) => rule.pattern !== '/**' || rule.fields.length > 0, {
    path: ['pattern'],
    message: 'This would hide every difference: narrow the pattern, or limit it to fields',
  })

export const removeIgnoreRuleSchema = z.object({ ruleId: z.string() })
