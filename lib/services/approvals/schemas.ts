import { z } from 'zod'

/** How long an approval holds. */
export const APPROVAL_MINUTES = { min: 15, max: 7 * 24 * 60, default: 4 * 60 } as const

export const setApprovalSchema = z.object({
  clusterId: z.string(),
  required: z.boolean(),
  minutes: z.coerce
    .number()
    .int()
    .min(APPROVAL_MINUTES.min, 'At least 15 minutes')
    .max(APPROVAL_MINUTES.max, 'At most 7 days')
    .default(APPROVAL_MINUTES.default),
})

export const requestApprovalSchema = z.object({
  subjectKind: z.enum(['restore', 'physical']),
  subjectId: z.string(),
  /** The plan that the person has seen. */
  planHash: z.string(),
  /** `undo`: the old files of servers are put back. The undo of a restore of znodes is a restore of its own. */
  purpose: z.enum(['run', 'undo']).default('run'),
  typedName: z.string().trim(),
  reason: z.string().trim().min(1, 'Say why: it is kept in the audit').max(500),
})

export const decideApprovalSchema = z
  .object({
    approvalId: z.string(),
    /** The plan that the second person has seen. */
    planHash: z.string(),
    decision: z.enum(['approve', 'reject']),
    note: z.string().trim().max(500).default(''),
  })
  .refine(({ decision, note }) => decision === 'approve' || note !== '', {
    path: ['note'],
    message: 'Say why: the person who asked reads it',
  })
