import 'server-only'
import { load } from '@/app/_server/load.ts'
import { findAlert, listAlerts } from '@/lib/services/alerts/list-alerts.ts'

export const loadAlerts = (filter: { readonly clusterId?: string; readonly before?: string }) =>
  load((context) => listAlerts(context, filter))

export const loadAlert = (alertId: string) => load((context) => findAlert(context, alertId))
