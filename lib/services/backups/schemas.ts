import { z } from 'zod'

export const startBackupSchema = z.object({
  clusterId: z.string(),
  /** Absolute paths; empty means the whole tree. */
  paths: z.array(z.string().trim().min(1)).max(100).default([]),
  note: z.string().trim().max(500).default(''),
  /** How it is taken: a walk over the client port, the AdminServer's snapshot, the directories of the members, or by listening to the leader; or the best that serves. */
  source: z.enum(['client', 'admin', 'files', 'observer', 'automatic']).default('client'),
})
export const setBackupPinnedSchema = z.object({ backupId: z.string(), pinned: z.boolean() })
export const setBackupNoteSchema = z.object({ backupId: z.string(), note: z.string().trim().max(500) })
export const deleteBackupSchema = z.object({
  backupId: z.string(),
  /** Needed when it is the last good backup of its cluster. */
  acknowledgeLastGood: z.boolean().default(false),
})
