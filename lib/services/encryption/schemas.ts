import { z } from 'zod'

/** Scope of what holds for every cluster that chooses nothing of its own. */
export const ALL_CLUSTERS = '*'
export const RECIPIENTS_MAX = 20
export const UNLOCK_MINUTES = { min: 5, max: 8 * 60, default: 60 } as const

const key = z.string().trim().min(1, 'Give the public key').max(4000)
const identity = z.string().trim().min(1, 'Paste the private key').max(20_000)

export const setEncryptionSchema = z.object({
  /** Absent: for every cluster that chooses nothing of its own. */
  clusterId: z.string().optional(),
  mode: z.enum(['default', 'own', 'off']),
})

export const addRecipientSchema = z.object({
  clusterId: z.string(),
  /** For all clusters that choose nothing of their own, instead of this one. */
  forAll: z.boolean().default(false),
  recipient: key,
  label: z.string().trim().max(100).default(''),
})

export const removeRecipientSchema = z.object({ clusterId: z.string(), recipientId: z.string() })

export const proveKeySchema = z.object({
  clusterId: z.string(),
  recipientId: z.string(),
  /** Absent: with what the machine was given, or what is unlocked. */
  identity: identity.optional(),
})

export const unlockSchema = z.object({
  clusterId: z.string(),
  identity,
  minutes: z.coerce.number().int().min(UNLOCK_MINUTES.min).max(UNLOCK_MINUTES.max).default(UNLOCK_MINUTES.default),
})

export const lockSchema = z.object({ clusterId: z.string(), unlockId: z.string() })

export const startReencryptSchema = z.object({ clusterId: z.string() })
