import { acknowledgeAlert } from '../../alerts/acknowledge-alert.ts'
import { listAlerts } from '../../alerts/list-alerts.ts'
import type { alertOperations } from '../contract/alerts.ts'
import type { Handlers } from '../handler.ts'

export const alertHandlers: Handlers<typeof alertOperations> = {
  listAlerts: async (context, { query: { state, clusterId, after } }) => {
    const { open, pending, history, next } = await listAlerts(context, { clusterId, before: after })
    if (state === 'resolved') return { items: history, next }
    return { items: state === 'firing' ? open : pending, next: null }
  },
  acknowledgeAlert: async (context, { params, body }) => {
    await acknowledgeAlert(context, { ...params, ...body })
    return null
  },
}
