import { z } from 'zod'

/** A warning of a plan as it is stored; those of plans that were made before there were guards have the first three only. */
export const planWarningSchema = z.object({
  code: z.string(),
  path: z.string(),
  message: z.string(),
  severity: z.enum(['danger', 'warning', 'note']).optional(),
  advice: z.string().optional(),
})
