import { deleteBackup } from '../../backups/delete-backup.ts'
import { getBackup } from '../../backups/get-backup.ts'
import { listBackups } from '../../backups/list-backups.ts'
import { openBackupFile } from '../../backups/open-backup-file.ts'
import { setBackupNote } from '../../backups/set-backup-note.ts'
import { setBackupPinned } from '../../backups/set-backup-pinned.ts'
import { startBackup } from '../../backups/start-backup.ts'
import { startVerify } from '../../backups/start-verify.ts'
import { startDrill } from '../../drills/start-drill.ts'
import { getJob } from '../../jobs/get-job.ts'
import type { backupOperations } from '../contract/backups.ts'
import type { Handlers } from '../handler.ts'

export const backupHandlers: Handlers<typeof backupOperations> = {
  listBackups: async (context, { query }) => {
    const { after, ...wanted } = query
    const { backups, next } = await listBackups(context, { ...wanted, before: after })
    return { items: backups, next }
  },
  getBackup: async (context, { params }) => {
    const { manifest, verifyReport, drillReport, ...backup } = await getBackup(context, params.backupId)
    return {
      ...backup,
      files: manifest.files,
      verifyProblems: verifyReport?.problems ?? null,
      verifiedIn: verifyReport?.readFrom ?? null,
      drilledFrom: drillReport?.readFrom ?? null,
    }
  },
  startBackup: async (context, { body }) => {
    const { jobId } = await startBackup(context, body)
    const { subjectId } = await getJob(context, jobId)
    return { jobId, backupId: subjectId ?? '' }
  },
  verifyBackup: (context, { params, body }) => startVerify(context, params.backupId, body.storeId ?? null),
  drillBackup: (context, { params, body }) => startDrill(context, params.backupId, body.storeId ?? null),
  pinBackup: async (context, { params, body }) => {
    await setBackupPinned(context, { ...params, ...body })
    return getBackup(context, params.backupId)
  },
  noteBackup: async (context, { params, body }) => {
    await setBackupNote(context, { ...params, ...body })
    return getBackup(context, params.backupId)
  },
  deleteBackup: async (context, { params, query }) => {
    await deleteBackup(context, { ...params, ...query })
    return null
  },
  downloadBackupFile: async (context, { params }) => {
    const { stream, bytes, contentType } = await openBackupFile(context, params)
    return { name: params.name, pieces: stream, bytes, contentType }
  },
}
