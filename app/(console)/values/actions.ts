'use server'

import { action } from '@/app/_server/action.ts'
import {
  addValueRule,
  changeValueRule,
  removeValueRule,
  switchKnownSecret,
} from '@/lib/services/values/edit-value-rules.ts'
import {
  addValueRuleSchema,
  changeValueRuleSchema,
  removeValueRuleSchema,
  switchKnownSecretSchema,
} from '@/lib/services/values/schemas.ts'

export const addValueRuleAction = action(addValueRuleSchema, addValueRule)

export const changeValueRuleAction = action(changeValueRuleSchema, async (context, input) => {
  await changeValueRule(context, input)
  return null
})

export const removeValueRuleAction = action(removeValueRuleSchema, async (context, input) => {
  await removeValueRule(context, input)
  return null
})

export const switchKnownSecretAction = action(switchKnownSecretSchema, async (context, input) => {
  await switchKnownSecret(context, input)
  return null
})
