import { z } from 'zod'
import { parseTreeRef } from '../tree/tree-ref.ts'
import { restoreOptionsSchema } from './restore-options.ts'

export const RESTORE_MODES = ['create', 'update', 'mirror'] as const
export const CONFLICT_POLICIES = ['stop', 'skip', 'overwrite'] as const

export const createRestoreSchema = z.object({
  /** Target cluster. */
  clusterId: z.string(),
  /** TreeRef of what is put back: a backup, a moment, or another live cluster. */
  source: z.string().refine((text) => parseTreeRef(text) !== null, 'This is no tree'),
  /** Where the source is a backup: the store that it is read from; null: the first, or a copy where that is not to be had. */
  sourceStoreId: z.string().nullable().default(null),
  selection: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('all') }),
    z.object({ kind: z.literal('subtree'), path: z.string() }),
    /** Hand-picked from a diff: single znodes and whole subtrees. */
    z.object({
      kind: z.literal('picked'),
      paths: z.array(z.string()).max(10_000).default([]),
      subtrees: z.array(z.string()).max(1000).default([]),
    }),
  ]),
  /** Where the subtree is put in the target; absent: where it was. Only with selection subtree. */
  targetPath: z.string().nullable().default(null),
  /** The diff that the picks were made in: what its ignore rules hide in picked subtrees is left out. Null: nothing is. */
  leaveOutIgnoredOf: z.string().nullable().default(null),
  mode: z.enum(RESTORE_MODES).default('update'),
  onConflict: z.enum(CONFLICT_POLICIES).default('stop'),
  options: restoreOptionsSchema.prefault({}),
})
export type CreateRestoreInput = z.input<typeof createRestoreSchema>

export const confirmRestoreSchema = z.object({
  restoreId: z.string(),
  planHash: z.string(),
  typedName: z.string(),
  reason: z.string().trim().min(1, 'Say why: it is kept in the audit').max(500),
  /** The dangers of the plan were read and ticked off; asked for where it has any. */
  dangersRead: z.boolean().default(false),
})
