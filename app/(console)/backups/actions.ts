'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { deleteBackup } from '@/lib/services/backups/delete-backup.ts'
import {
  deleteBackupSchema,
  setBackupNoteSchema,
  setBackupPinnedSchema,
  startBackupSchema,
} from '@/lib/services/backups/schemas.ts'
import { setBackupNote } from '@/lib/services/backups/set-backup-note.ts'
import { setBackupPinned } from '@/lib/services/backups/set-backup-pinned.ts'
import { startBackup } from '@/lib/services/backups/start-backup.ts'
import { startVerify } from '@/lib/services/backups/start-verify.ts'
import { startDrill } from '@/lib/services/drills/start-drill.ts'

export const startBackupAction = action(startBackupSchema, (context, input) => startBackup(context, input))

export const startVerifyAction = action(z.object({ backupId: z.string() }), (context, { backupId }) =>
  startVerify(context, backupId),
)

export const startDrillAction = action(
  z.object({ backupId: z.string(), storeId: z.string().nullable().default(null) }),
  (context, { backupId, storeId }) => startDrill(context, backupId, storeId),
)

export const setBackupPinnedAction = action(setBackupPinnedSchema, async (context, input) => {
  await setBackupPinned(context, input)
  return null
})

export const setBackupNoteAction = action(setBackupNoteSchema, async (context, input) => {
  await setBackupNote(context, input)
  return null
})

export const deleteBackupAction = action(deleteBackupSchema, async (context, input) => {
  await deleteBackup(context, input)
  return null
})
