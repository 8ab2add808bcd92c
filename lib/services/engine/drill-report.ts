import { z } from 'zod'
import { readFromSchema } from '../../domain/snapshot/read-from.ts'

/** Differences that are listed by path; all are counted. */
export const DIFFERENCES_LISTED_MAX = 100

/** What a drill found. Stored in the catalog and printed by the command line: raised only by adding. */
export const drillReportSchema = z.object({
  ok: z.boolean(),
  /** The archive's own snapshot was loaded as it is. */
  way: z.enum(['native']),
  serverVersion: z.string().nullable(),
  /** From the first byte read to the last one compared. */
  durationMs: z.number(),
  /** Of which the server took to load the snapshot and to serve. */
  loadMs: z.number(),
  /** Znodes that were compared. */
  znodes: z.number(),
  differences: z.number(),
  /** The first ones in path order. */
  listed: z.array(
    z.object({
      path: z.string(),
      kind: z.enum(['missing', 'unexpected', 'different']),
      fields: z.array(z.string()).default([]),
    }),
  ),
  /** Tree digest of the archive beside the one that the server computed when it loaded it; null where it tells none (before 3.6). */
  digest: z.object({ expected: z.string(), loaded: z.string(), match: z.boolean() }).nullable(),
  /** What is wrong besides differences: damage of the files, a server that refuses to start on them. */
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
  /** What a reader should know and that is no fault. */
  notes: z.array(z.string()),
  /** Of a backup of the catalog: absent in reports of before it was kept, and of folders. */
  readFrom: readFromSchema.optional(),
})
export type DrillReport = z.infer<typeof drillReportSchema>

/** Of a drill that has loaded nothing yet. */
export function emptyDrillReport(): DrillReport {
  return {
    ok: false,
    way: 'native',
    serverVersion: null,
    durationMs: 0,
    loadMs: 0,
    znodes: 0,
    differences: 0,
    listed: [],
    digest: null,
    problems: [],
    notes: [],
  }
}
