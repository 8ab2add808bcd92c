import { requestApproval } from '../../approvals/request-approval.ts'
import type { ServiceContext } from '../../context.ts'
import { toPage } from '../../page-cursor.ts'
import { cancelRestore } from '../../restores/cancel-restore.ts'
import { confirmRestore } from '../../restores/confirm-restore.ts'
import { createRestore } from '../../restores/create-restore.ts'
import { exportReport } from '../../restores/export-report.ts'
import { getRestore } from '../../restores/get-restore.ts'
import { listPlanSteps } from '../../restores/list-plan-steps.ts'
import { listRestores } from '../../restores/list-restores.ts'
import { listStepResults } from '../../restores/list-step-results.ts'
import { pauseRestore } from '../../restores/pause-restore.ts'
import { resumeRestore } from '../../restores/resume-restore.ts'
import { startUndo } from '../../restores/start-undo.ts'
import type { RestoreView } from '../../restores/views.ts'
import type { restoreOperations } from '../contract/restores.ts'
import { CSV, type Handlers, JSON_LINES } from '../handler.ts'
import { readIndex } from '../read-index.ts'

export const restoreHandlers: Handlers<typeof restoreOperations> = {
  listRestores: async (context, { query }) => {
    const { clusterId, limit, after } = query
    const found = await listRestores(context, { clusterId, limit: limit + 1, before: after })
    return toPage(found.map(toApiRestore), limit)
  },
  planRestore: (context, { body }) => createRestore(context, { ...body, selection: body.selection ?? { kind: 'all' } }),
  getRestore: (context, { params }) => readRestore(context, params.restoreId),
  listSteps: async (context, { params, query }) => {
    const { steps, next } = await listPlanSteps(context, { ...params, ...query, after: readIndex(query.after) })
    return { items: steps, next: next === null ? null : String(next) }
  },
  listResults: async (context, { params, query }) => {
    const { results, next } = await listStepResults(context, { ...params, ...query, after: readIndex(query.after) })
    return { items: results, next: next === null ? null : String(next) }
  },
  exportReport: async (context, { params, query }) => ({
    name: `restore-${params.restoreId}.${query.format}`,
    contentType: query.format === 'csv' ? CSV : JSON_LINES,
    pieces: exportReport(context, params.restoreId, query),
  }),
  confirmRestore: (context, { params, body }) => {
    const { plan, clusterName, ...confirmation } = body
    return confirmRestore(context, { ...params, ...confirmation, planHash: plan, typedName: clusterName })
  },
  requestApproval: (context, { params, body }) =>
    requestApproval(context, {
      subjectKind: 'restore',
      subjectId: params.restoreId,
      planHash: body.plan,
      typedName: body.clusterName,
      reason: body.reason,
    }),
  pauseRestore: async (context, { params }) => {
    await pauseRestore(context, params.restoreId)
    return readRestore(context, params.restoreId)
  },
  resumeRestore: async (context, { params }) => {
    await resumeRestore(context, params.restoreId)
    return readRestore(context, params.restoreId)
  },
  cancelRestore: async (context, { params }) => {
    await cancelRestore(context, params.restoreId)
    return readRestore(context, params.restoreId)
  },
  undoRestore: (context, { params, body }) => startUndo(context, params.restoreId, body),
}

async function readRestore(context: ServiceContext, restoreId: string) {
  return toApiRestore(await getRestore(context, restoreId))
}

/** With the words of the command line. */
function toApiRestore({ plan, report, ...restore }: RestoreView) {
  return {
    ...restore,
    plan: plan && { ...plan, plan: plan.hash, mode: restore.mode, skipped: { ...plan.skipped } },
    result: report && { ...report, plan: plan?.hash ?? null },
  }
}
