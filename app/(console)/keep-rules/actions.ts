'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { applyKeepRules } from '@/lib/services/keep-rules/apply-keep-rules.ts'
import { keepMarked } from '@/lib/services/keep-rules/keep-marked.ts'
import { liftHold } from '@/lib/services/keep-rules/lift-hold.ts'
import { placeHold } from '@/lib/services/keep-rules/place-hold.ts'
import { previewKeepRules } from '@/lib/services/keep-rules/preview-keep-rules.ts'
import {
  applyKeepRulesSchema,
  liftHoldSchema,
  placeHoldSchema,
  previewKeepRulesSchema,
  setKeepRulesSchema,
} from '@/lib/services/keep-rules/schemas.ts'
import { dropKeepRules, setKeepRules } from '@/lib/services/keep-rules/set-keep-rules.ts'

const ofCluster = setKeepRulesSchema.extend({ clusterId: z.string() })

export const setKeepRulesAction = action(ofCluster, async (context, input) => {
  await setKeepRules(context, input)
  return null
})

export const setDefaultKeepRulesAction = action(
  setKeepRulesSchema.omit({ clusterId: true }),
  async (context, input) => {
    await setKeepRules(context, { ...input, clusterId: null })
    return null
  },
)

export const dropKeepRulesAction = action(z.object({ clusterId: z.string() }), async (context, { clusterId }) => {
  await dropKeepRules(context, clusterId)
  return null
})

export const applyKeepRulesAction = action(applyKeepRulesSchema, (context, input) => applyKeepRules(context, input))

export const previewKeepRulesAction = action(previewKeepRulesSchema, (context, input) =>
  previewKeepRules(context, input),
)

export const keepMarkedAction = action(z.object({ backupId: z.string() }), async (context, { backupId }) => {
  await keepMarked(context, backupId)
  return null
})

export const placeHoldAction = action(placeHoldSchema, (context, input) => placeHold(context, input))

export const liftHoldAction = action(liftHoldSchema, async (context, input) => {
  await liftHold(context, input)
  return null
})
