'use server'

import { action } from '@/app/_server/action.ts'
import { setRepeatHours } from '@/lib/services/alerts/alert-settings.ts'
import { removeAlertChannel, setAlertChannel, testAlertChannel } from '@/lib/services/alerts/channels.ts'
import { setDriftWatch } from '@/lib/services/alerts/drift-watch.ts'
import { resetAlertRule, setAlertRule } from '@/lib/services/alerts/rule-settings.ts'
import {
  channelIdSchema,
  resetAlertRuleSchema,
  setAlertChannelSchema,
  setAlertRuleSchema,
  setDriftWatchSchema,
  setRepeatSchema,
} from '@/lib/services/alerts/schemas.ts'

export const setAlertChannelAction = action(setAlertChannelSchema, setAlertChannel)

export const testAlertChannelAction = action(channelIdSchema, testAlertChannel)

export const removeAlertChannelAction = action(channelIdSchema, async (context, input) => {
  await removeAlertChannel(context, input)
  return null
})

export const setRepeatHoursAction = action(setRepeatSchema, async (context, input) => {
  await setRepeatHours(context, input)
  return null
})

export const setAlertRuleAction = action(setAlertRuleSchema, async (context, input) => {
  await setAlertRule(context, input)
  return null
})

export const resetAlertRuleAction = action(resetAlertRuleSchema, async (context, input) => {
  await resetAlertRule(context, input)
  return null
})

export const setDriftWatchAction = action(setDriftWatchSchema, async (context, input) => {
  await setDriftWatch(context, input)
  return null
})
