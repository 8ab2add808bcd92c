'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { setAuditRetention, setCheckpointFiles } from '@/lib/services/audit/audit-settings.ts'
import { setAuditForward, testAuditForward } from '@/lib/services/audit/forward-audit.ts'
import { previewAuditRetention } from '@/lib/services/audit/prune-audit.ts'
import { requestAuditVerification } from '@/lib/services/audit/run-audit-watch.ts'
import { FORWARD_KINDS, setAuditForwardSchema, setAuditSettingsSchema } from '@/lib/services/audit/schemas.ts'

export const verifyAuditAction = action(z.object({}), async (context) => {
  await requestAuditVerification(context)
  return null
})

export const setCheckpointFilesAction = action(z.object({ on: z.boolean() }), async (context, input) => {
  await setCheckpointFiles(context, input)
  return null
})

export const previewAuditRetentionAction = action(setAuditSettingsSchema, previewAuditRetention)

export const setAuditRetentionAction = action(setAuditSettingsSchema, async (context, input) => {
  await setAuditRetention(context, input)
  return null
})

export const setAuditForwardAction = action(setAuditForwardSchema, async (context, input) => {
  await setAuditForward(context, input)
  return null
})

export const testAuditForwardAction = action(z.object({ kind: z.enum(FORWARD_KINDS) }), async (context, input) => {
  await testAuditForward(context, input)
  return null
})
