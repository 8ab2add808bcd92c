import { invariant } from '../../base/invariant.ts'
import { manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import { drillReportSchema } from '../engine/drill-report.ts'
import { archiveDirOf } from './cluster-folder.ts'
import { getBackupRow } from './find-backup.ts'
import { toBackupViews } from './to-backup-view.ts'
import { verifyReportSchema } from './verify-report.ts'
import type { BackupDetailView } from './views.ts'

export async function getBackup(context: ServiceContext, backupId: string): Promise<BackupDetailView> {
  const row = await getBackupRow(context, backupId)
  const more = await context.db.backup.findUniqueOrThrow({
    where: { id: backupId },
    select: { manifest: true, verifyReport: true },
  })
  const [view] = await toBackupViews(context, [row])
  invariant(view, 'one row gives one view')
  return {
    ...view,
    manifest: manifestSchema.parse(more.manifest),
    verifyReport: verifyReportSchema.safeParse(more.verifyReport).data ?? null,
    drillReport: drillReportSchema.safeParse(row.drillReport).data ?? null,
    archiveDir: archiveDirOf(context, row.dir),
  }
}
