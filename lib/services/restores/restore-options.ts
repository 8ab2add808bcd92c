import { z } from 'zod'
import { COUNTER_OPERATIONS_MAX, type CounterOptions } from '../../domain/restore/fidelity.ts'

/** How a restore goes about what is not plain data. Kept with the restore: its plan is made with the same ones again. */
export const restoreOptionsSchema = z.object({
  /** leave: creates and deletes move sequence counters as they do. burn: advanced to the source's by children made and removed. */
  counters: z.enum(['leave', 'burn']).default('leave'),
  /** Creates and deletes that it may cost; a parent that needs more keeps its lower counter. */
  countersCap: z
    .number()
    .int('Give a whole number of operations')
    .min(0)
    .max(10_000_000, 'At most 10,000,000 operations')
    .default(COUNTER_OPERATIONS_MAX),
  /** Limits of quotas of the source too. */
  quotas: z.boolean().default(false),
})
export type RestoreOptions = z.infer<typeof restoreOptionsSchema>

/** Of a row; restores of before there were any have the defaults. */
export function parseRestoreOptions(json: unknown): RestoreOptions {
  return restoreOptionsSchema.safeParse(json ?? {}).data ?? restoreOptionsSchema.parse({})
}

export function counterOptionsOf({ counters, countersCap }: RestoreOptions): CounterOptions {
  return { mode: counters, operationsMax: countersCap }
}

/** For the audit: what differs from doing nothing of it. */
export function describeRestoreOptions({
  counters,
  countersCap,
  quotas,
}: RestoreOptions): Record<string, string | boolean> {
  return {
    ...(counters === 'burn' ? { counters: `advanced, with at most ${countersCap} operations` } : {}),
    ...(quotas ? { quotas } : {}),
  }
}
