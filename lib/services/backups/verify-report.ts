import { z } from 'zod'
import type { VerifyReport } from '../../adapters/archive/store.ts'
import { type ReadFrom, readFromSchema } from '../../domain/snapshot/read-from.ts'

/** A verification as the catalog keeps it, with where it was read. */
export interface VerdictReport extends VerifyReport {
  /** Absent in those of before it was kept. */
  readonly readFrom?: ReadFrom
}

/** The report of a verification as the catalog keeps it: the shape of `arkeeper verify --json`. */
export const verifyReportSchema: z.ZodType<VerdictReport> = z.object({
  ok: z.boolean(),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string(), ok: z.boolean() })),
  checksumOk: z.boolean(),
  znodes: z.number(),
  encryption: z.object({ recipients: z.array(z.string()), opened: z.boolean() }).optional(),
  digest: z
    .object({
      version: z.literal(2),
      zxid: z.string(),
      stored: z.string(),
      computed: z.string(),
      match: z.boolean(),
    })
    .nullable(),
  problems: z.array(
    z.object({ code: z.string(), message: z.string(), file: z.string().optional(), offset: z.number().optional() }),
  ),
  readFrom: readFromSchema.optional(),
})
