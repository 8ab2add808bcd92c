import type { ServiceContext } from '../context.ts'
import { parseTreeRef } from '../tree/tree-ref.ts'
import { BACKUP_COLUMNS } from './find-backup.ts'
import { listBackups } from './list-backups.ts'
import { toBackupViews } from './to-backup-view.ts'
import type { BackupView } from './views.ts'

const NEWEST = 200

/** The newest backups of every cluster for a picker, and those that a link names (TreeRef texts), old ones and safety backups too. */
export async function listBackupChoices(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  input: { readonly named: readonly string[] },
): Promise<readonly BackupView[]> {
  const { backups } = await listBackups(context, { limit: NEWEST })
  const missing = input.named.flatMap((text) => {
    const ref = parseTreeRef(text)
    return ref?.kind === 'backup' && !backups.some((backup) => backup.id === ref.backupId) ? [ref.backupId] : []
  })
  if (missing.length === 0) return backups
  const rows = await context.db.backup.findMany({
    where: { id: { in: missing }, deletedAt: null },
    select: BACKUP_COLUMNS,
  })
  return [...backups, ...(await toBackupViews(context, rows))]
}
