import { z } from 'zod'
import type { EnsembleMember } from '../../domain/health/members.ts'
import type { ToldSettings } from '../../domain/health/told-settings.ts'

/** What is known of a cluster's servers besides the samples; kept so that they need not be asked each minute. */
export interface KnownSettings {
  readonly servers: readonly ToldSettings[]
  /** Null: no server and no znode has told; empty: a standalone server. */
  readonly members: readonly EnsembleMember[] | null
  /** Of the newest backup that knows the kinds of znodes. */
  readonly ttlZnodes: { readonly count: number; readonly takenAt: string } | null
}

export const NOTHING_KNOWN: KnownSettings = { servers: [], members: null, ttlZnodes: null }

const texts = z.record(z.string(), z.string()).nullable()
const schema = z.object({
  servers: z.array(
    z.object({
      server: z.string(),
      url: z.string().nullable(),
      readAt: z.string(),
      serverId: z.number().nullable(),
      clientPort: z.number().nullable(),
      clientAddress: z.string().nullable(),
      properties: texts,
      zooCfg: texts,
      running: texts,
    }),
  ),
  members: z
    .array(z.object({ id: z.number(), host: z.string(), isVoter: z.boolean(), client: z.string().nullable() }))
    .nullable(),
  ttlZnodes: z.object({ count: z.number(), takenAt: z.string() }).nullable().default(null),
})

/** Of another version's row nothing is known. */
export function parseKnownSettings(stored: unknown): KnownSettings {
  return schema.safeParse(stored).data ?? NOTHING_KNOWN
}
