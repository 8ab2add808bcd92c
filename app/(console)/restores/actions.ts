'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { cancelRestore } from '@/lib/services/restores/cancel-restore.ts'
import { confirmRestore } from '@/lib/services/restores/confirm-restore.ts'
import { createRestore } from '@/lib/services/restores/create-restore.ts'
import { pauseRestore } from '@/lib/services/restores/pause-restore.ts'
import { planAnew } from '@/lib/services/restores/plan-anew.ts'
import { replanRestore } from '@/lib/services/restores/replan-restore.ts'
import { replanStale } from '@/lib/services/restores/replan-stale.ts'
import { resumeRestore } from '@/lib/services/restores/resume-restore.ts'
import { confirmRestoreSchema, createRestoreSchema } from '@/lib/services/restores/schemas.ts'
import { startUndo } from '@/lib/services/restores/start-undo.ts'
import { undoTransaction } from '@/lib/services/restores/undo-transaction.ts'

const restoreIdSchema = z.object({ restoreId: z.string() })

export const createRestoreAction = action(createRestoreSchema, (context, input) => createRestore(context, input))

export const confirmRestoreAction = action(confirmRestoreSchema, (context, input) => confirmRestore(context, input))

export const replanRestoreAction = action(
  restoreIdSchema.extend({ laterWrites: z.enum(['keep', 'overwrite']).optional() }),
  (context, { restoreId, laterWrites }) => replanRestore(context, restoreId, laterWrites),
)

export const replanStaleAction = action(restoreIdSchema, (context, { restoreId }) => replanStale(context, restoreId))

export const planAnewAction = action(restoreIdSchema, (context, { restoreId }) => planAnew(context, restoreId))

export const resumeRestoreAction = action(restoreIdSchema, (context, { restoreId }) =>
  resumeRestore(context, restoreId),
)

export const pauseRestoreAction = action(restoreIdSchema, async (context, { restoreId }) => {
  await pauseRestore(context, restoreId)
  return null
})

export const cancelRestoreAction = action(restoreIdSchema, async (context, { restoreId }) => {
  await cancelRestore(context, restoreId)
  return null
})

export const startUndoAction = action(restoreIdSchema, (context, { restoreId }) => startUndo(context, restoreId))

export const undoTransactionAction = action(z.object({ clusterId: z.string(), zxid: z.string() }), (context, input) =>
  undoTransaction(context, input),
)
