'use server'

import { action } from '@/app/_server/action.ts'
import { acknowledgeAlert, takeBackAcknowledgement } from '@/lib/services/alerts/acknowledge-alert.ts'
import { acknowledgeAlertSchema, takeBackAcknowledgementSchema } from '@/lib/services/alerts/schemas.ts'

export const acknowledgeAlertAction = action(acknowledgeAlertSchema, async (context, input) => {
  await acknowledgeAlert(context, input)
  return null
})

export const takeBackAcknowledgementAction = action(takeBackAcknowledgementSchema, async (context, input) => {
  await takeBackAcknowledgement(context, input)
  return null
})
