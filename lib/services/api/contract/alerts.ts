import { z } from 'zod'
import { SEVERITIES } from '../../../domain/alerts/rules.ts'
import { operation } from '../operation.ts'
import { count, id, nothing, pageOf, time } from '../shapes.ts'

const alert = z
  .object({
    id,
    rule: z.string(),
    state: z.enum(['pending', 'firing', 'resolved']),
    severity: z.enum(SEVERITIES),
    title: z.string(),
    text: z.string().meta({ description: 'Counts and names only: no path and no value of a znode' }),
    cluster: z.object({ id, name: z.string() }).nullable().meta({ description: 'Null: of the installation' }),
    since: time,
    firedAt: time.nullable(),
    resolvedAt: time.nullable(),
    clearSince: time.nullable().meta({ description: 'Gone since then, and watched for a while before it is over' }),
    acknowledged: z.object({ at: time, by: z.string(), reason: z.string(), silentUntil: time.nullable() }).nullable(),
    notices: z.object({ sent: count, waiting: count, dead: count }),
  })
  .meta({ id: 'Alert' })

export const alertOperations = {
  listAlerts: operation({
    method: 'GET',
    path: '/alerts',
    tag: 'alerts',
    summary: 'Alerts that fire, the gravest first, or those that are over, the latest first',
    action: null,
    scopes: ['read'],
    params: nothing,
    query: z.object({
      state: z.enum(['firing', 'pending', 'resolved']).default('firing'),
      clusterId: id.optional(),
      after: z.string().max(500).optional().meta({ description: '`next` of the page before, of those that are over' }),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(alert) },
  }),
  acknowledgeAlert: operation({
    method: 'POST',
    path: '/alerts/{alertId}/acknowledge',
    tag: 'alerts',
    summary: 'Somebody knows of an alert: no more reminders of it',
    action: 'alert.acknowledge',
    params: z.object({ alertId: id }),
    query: nothing,
    body: z.object({
      reason: z.string().min(1).max(500),
      minutes: z
        .int()
        .min(1)
        .max(30 * 24 * 60)
        .nullable()
        .default(null)
        .meta({ description: 'No notices for so long; absent or null: until it is over' }),
    }),
    answer: { kind: 'none', status: 204 },
  }),
} as const
