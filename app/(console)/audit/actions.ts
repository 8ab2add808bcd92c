'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { setCheckpointFiles } from '@/lib/services/audit/audit-settings.ts'
import { requestAuditVerification } from '@/lib/services/audit/run-audit-watch.ts'

export const verifyAuditAction = action(z.object({}), async (context) => {
  await requestAuditVerification(context)
  return null
})

export const setCheckpointFilesAction = action(z.object({ on: z.boolean() }), async (context, input) => {
  await setCheckpointFiles(context, input)
  return null
})
