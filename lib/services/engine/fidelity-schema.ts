import { z } from 'zod'
import type { PlanFidelity } from '../../domain/restore/fidelity.ts'

const listing = <T extends z.ZodType>(item: T) => z.object({ total: z.number(), listed: z.array(item) })
const onlyPath = z.object({ path: z.string() })

/** As plan.json and the database keep it. */
export const planFidelitySchema = z.object({
  kinds: z.object({
    containers: z.number(),
    ttls: z.number(),
    unknown: listing(onlyPath),
    differing: listing(z.object({ path: z.string(), live: z.string(), source: z.string() })),
    untold: listing(z.object({ path: z.string(), source: z.string() })),
  }),
  acls: z.object({ planned: z.number(), masked: listing(onlyPath) }),
  counters: z.object({
    mode: z.enum(['leave', 'burn']),
    operationsMax: z.number(),
    advanced: listing(z.object({ path: z.string(), from: z.number(), to: z.number() })),
    operations: z.number(),
    batches: z.number(),
    left: listing(
      z.object({
        path: z.string(),
        next: z.number(),
        source: z.number(),
        reason: z.enum(['left', 'cap', 'empty-container', 'no-rights', 'too-many']),
      }),
    ),
  }),
  quotas: z.object({
    asked: z.boolean(),
    obstacle: z.string().nullable(),
    written: listing(onlyPath),
    left: z.number().nullable(),
  }),
  ephemerals: z.object({
    left: listing(z.object({ path: z.string(), owner: z.string(), session: z.enum(['alive', 'dead', 'unknown']) })),
    dead: z.number(),
  }),
}) satisfies z.ZodType<PlanFidelity>

/** What reading back after a run has shown. */
export const runFidelitySchema = z.object({
  acls: z.object({ compared: z.number(), hidden: z.number(), unresolved: z.number() }),
  counters: z.object({ checked: z.number(), reached: z.number() }),
})
export type RunFidelity = z.infer<typeof runFidelitySchema>
