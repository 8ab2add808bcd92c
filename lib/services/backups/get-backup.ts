import { invariant } from '../../base/invariant.ts'
import { manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import { drillReportSchema } from '../engine/drill-report.ts'
import { describePlace } from '../stores/archive-folder.ts'
import { seesStores } from '../stores/list-store-views.ts'
import { loadValueMask } from '../values/value-mask.ts'
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
  const manifest = manifestSchema.parse(more.manifest)
  const verifyReport = verifyReportSchema.safeParse(more.verifyReport).data ?? null
  const drillReport = drillReportSchema.safeParse(row.drillReport).data ?? null
  const sumsHidden = (await loadValueMask(context, row.clusterId)).findObstacle() !== null
  const without = <File extends { readonly sha256: string }>(files: readonly File[]) =>
    files.map((file) => ({ ...file, sha256: '', plain: undefined }))
  return {
    ...view,
    manifest: sumsHidden ? { ...manifest, digest: null, files: without(manifest.files) } : manifest,
    verifyReport:
      sumsHidden && verifyReport ? { ...verifyReport, digest: null, files: without(verifyReport.files) } : verifyReport,
    drillReport: sumsHidden && drillReport ? { ...drillReport, digest: null } : drillReport,
    sumsHidden,
    archiveDir: seesStores(context) ? await describePlace(context, row) : null,
  }
}
