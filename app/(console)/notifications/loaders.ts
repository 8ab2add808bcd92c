import 'server-only'
import { load } from '@/app/_server/load.ts'
import { readRepeatHours } from '@/lib/services/alerts/alert-settings.ts'
import { listAlertChannels } from '@/lib/services/alerts/channels.ts'
import { listAlertRules } from '@/lib/services/alerts/rule-settings.ts'
import { listClusters } from '@/lib/services/clusters/list-clusters.ts'
import { isRoleEnough, roleAt } from '@/lib/services/policy.ts'

/** Channels are for those who may set them; null: not for this person. */
export const loadChannels = () =>
  load(async (context) =>
    isRoleEnough(roleAt(context.actor, null), 'alert.set-channel')
      ? {
          channels: await listAlertChannels(context),
          clusters: (await listClusters(context)).map(({ id, name }) => ({ id, name })),
        }
      : null,
  )

export const loadRules = () =>
  load(async (context) => ({
    rules: await listAlertRules(context, null),
    repeatHours: await readRepeatHours(context),
  }))
