import { z } from 'zod'

/** What a token may be made for. None holds another. */
export const TOKEN_SCOPES = ['read', 'backup', 'restore', 'edit', 'admin'] as const
export type TokenScope = (typeof TOKEN_SCOPES)[number]

/** What people choose from; anything from an hour to a year is taken. */
export const TOKEN_HOURS = [1, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24] as const

export const createTokenSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Give it a name that says where it is used')
    .max(60)
    // It stands beside a person's name in every entry of the audit.
    .regex(/^[\w .:@/-]+$/, 'Use letters, digits, spaces and . : @ / _ -'),
  hours: z.coerce
    .number()
    .int('Give whole hours')
    .min(1, 'At least 1 hour')
    .max(365 * 24, 'At most 1 year'),
  scopes: z.array(z.enum(TOKEN_SCOPES)).min(1, 'Choose at least one scope'),
  /** Null: every cluster that its owner may see, also those to come. */
  clusterIds: z
    .array(z.string().min(1).max(100))
    .min(1, 'Choose at least one cluster')
    .max(200)
    .nullable()
    .default(null),
})
