import { z } from 'zod'
import { clusterInputSchema } from '../clusters/schemas.ts'

export const BASE_HOURS = { min: 1, max: 24 * 30, default: 24 } as const
export const LAG_SECONDS = { min: 5, max: 3600, default: 60 } as const

/** The form of TLS is that of the client port: pasted PEM, a key that is left empty stays as stored. */
const onShape = clusterInputSchema.shape.tls.removeDefault().options[2]

export const setFollowSchema = z.object({
  clusterId: z.string(),
  /** Off: what is kept stays, and the quorum ports may still be used for backups. */
  enabled: z.boolean(),
  /** host:port, comma-separated or one a line; none: the quorum ports are not used at all. */
  quorumServers: z.string().trim().max(2000).default(''),
  tls: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('keep') }),
      z.object({ kind: z.literal('off') }),
      /** As for the client port of the cluster. */
      z.object({ kind: z.literal('cluster') }),
      onShape,
    ])
    .default({ kind: 'keep' }),
  baseHours: z.coerce.number().int().min(BASE_HOURS.min).max(BASE_HOURS.max).default(BASE_HOURS.default),
  lagSecondsMax: z.coerce.number().int().min(LAG_SECONDS.min).max(LAG_SECONDS.max).default(LAG_SECONDS.default),
  /** That somebody has read what it needs, costs and bypasses: without it it is not switched on. */
  understood: z.boolean().default(false),
  /** A zxid as a hex string: the ensemble that denies it was put back to an older state, and is followed behind a gap. */
  restoredBehind: z
    .string()
    .regex(/^0x[0-9a-f]{1,16}$/)
    .optional(),
  reason: z.string().trim().max(500).default(''),
})

export const testQuorumSchema = z.object({ clusterId: z.string() })

export const quorumTestSchema = z.object({
  ok: z.boolean(),
  servers: z.array(z.object({ server: z.string(), ok: z.boolean(), code: z.string(), message: z.string() })),
})
