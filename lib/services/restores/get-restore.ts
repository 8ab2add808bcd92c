import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { findUndoKey } from '../encryption/undo-key.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { getRestoreRow } from './find-restore.ts'
import { findStaleness } from './find-staleness.ts'
import { toReportView } from './run-restore.ts'
import { toRestoreViews } from './to-restore-view.ts'
import type { RestoreView } from './views.ts'

export async function getRestore(context: ServiceContext, restoreId: string): Promise<RestoreView> {
  const row = await getRestoreRow(context, restoreId)
  const [view] = await toRestoreViews(context, [row])
  invariant(view, 'one row gives one view')
  if (view.state === 'planned') {
    const [stale, undoKey] = await Promise.all([findStaleness(context, row), findUndoKey(context, row.clusterId)])
    return { ...view, stale, undoKey }
  }
  // A run that was cancelled has left its report in its folder only.
  if (view.report === null && row.confirmedAt !== null && view.finishedAt !== null) {
    const report = await new RestoreDirectory(await context.workFiles.fetch(row.dir)).findReport()
    return report ? { ...view, report: toReportView(report) } : view
  }
  return view
}
