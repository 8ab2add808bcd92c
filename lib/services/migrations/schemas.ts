import { z } from 'zod'
import { findPathFault } from '../../domain/znode/path.ts'
import { restoreOptionsSchema } from '../restores/restore-options.ts'

const pathSchema = z
  .string()
  .trim()
  .refine((text) => findPathFault(text) === null, 'This is no znode path')

export const createMigrationSchema = z.object({
  sourceId: z.string(),
  targetId: z.string(),
  sourcePath: pathSchema.default('/'),
  targetPath: pathSchema.default('/'),
  /** mirror: the target becomes equal, deletions included. */
  mode: z.enum(['mirror', 'update']).default('mirror'),
  options: restoreOptionsSchema.prefault({}),
  /** Between the beginnings of two rounds. */
  everySeconds: z.number().int().min(5, 'At least 5 seconds').max(3600, 'At most an hour').default(30),
})
export type CreateMigrationInput = z.input<typeof createMigrationSchema>

export const confirmMigrationSchema = z.object({
  migrationId: z.string(),
  /** Of the first round: what the person has read. */
  planHash: z.string(),
  typedName: z.string(),
  reason: z.string().trim().min(1, 'Say why: it is kept in the audit').max(400),
  dangersRead: z.boolean().default(false),
})

const sideSchema = z.object({ zxid: z.string(), znodes: z.number() })

/** What a final comparison found. */
export const proofSchema = z.object({
  at: z.string(),
  /** True: no write of any kind reached the source while both trees were read, nothing differed, and everything could be read. */
  ok: z.boolean(),
  source: sideSchema,
  target: sideSchema,
  /** Zxid of the source when the reading began and when it ended. */
  sourceZxidFrom: z.string(),
  sourceZxidTo: z.string(),
  still: z.boolean(),
  /** Comparisons that were made until one saw the source stand still. */
  attempts: z.number(),
  compared: z.number(),
  added: z.number(),
  removed: z.number(),
  changed: z.number(),
  /** Of the source and the target: left out, because they belong to sessions. */
  ephemerals: z.number(),
  unreadable: z.number(),
  examples: z.array(z.object({ path: z.string(), change: z.string() })),
  durationMs: z.number(),
})
export type MigrationProof = z.infer<typeof proofSchema>
