import { getKeepRules } from '../../keep-rules/get-keep-rules.ts'
import { liftHold } from '../../keep-rules/lift-hold.ts'
import { listHolds } from '../../keep-rules/list-holds.ts'
import { placeHold } from '../../keep-rules/place-hold.ts'
import { previewKeepRules } from '../../keep-rules/preview-keep-rules.ts'
import { setKeepRules } from '../../keep-rules/set-keep-rules.ts'
import { getProofState } from '../../rereads/get-proof-state.ts'
import type { keepRulesOperations } from '../contract/keep-rules.ts'
import type { Handlers } from '../handler.ts'

export const keepRulesHandlers: Handlers<typeof keepRulesOperations> = {
  getKeepRules: (context, { params }) => getKeepRules(context, params.clusterId),
  setKeepRules: async (context, { params, body }) => {
    await setKeepRules(context, { ...params, ...body })
    return getKeepRules(context, params.clusterId)
  },
  previewKeepRules: async (context, { params, query }) => {
    const { rules } = await getKeepRules(context, params.clusterId)
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
    return previewKeepRules(context, { ...params, rules: { ...rules, ...given } })
  },
  getProofState: (context, { params }) => getProofState(context, params.clusterId),
  listHolds: async (context, { params }) => ({ items: await listHolds(context, params.backupId) }),
  placeHold: async (context, { params, body }) => {
    await placeHold(context, { ...params, ...body })
    return { items: await listHolds(context, params.backupId) }
  },
  liftHolds: async (context, { params, body }) => {
    await liftHold(context, { ...params, ...body })
    return { items: await listHolds(context, params.backupId) }
  },
}
