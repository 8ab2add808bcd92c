import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { roleAt } from '../policy.ts'
import { acknowledgeAlertSchema, takeBackAcknowledgementSchema } from './schemas.ts'

const MINUTE_MS = 60_000

/** Somebody knows of it: no reminders until then, or until it is over. That it is over is told all the same. */
export async function acknowledgeAlert(
  context: ServiceContext,
  input: z.input<typeof acknowledgeAlertSchema>,
): Promise<void> {
  const { alertId, minutes, reason } = parseInput(acknowledgeAlertSchema, input)
  const alert = await getOpenAlert(context, alertId)
  const nowMs = context.clock.now()
  const after = { alert: alert.id, rule: alert.rule, minutes }
  await mutate(context, { action: 'alert.acknowledge', cluster: clusterOf(alert), reason, after }, async (tx) => {
    const { count } = await tx.alert.updateMany({
      where: { id: alert.id, openKey: { not: null } },
      data: {
        acknowledgedAt: new Date(nowMs),
        acknowledgedById: context.actor.id,
        acknowledgedByName: context.actor.name,
        acknowledgeReason: reason,
        silentUntil: minutes === null ? null : new Date(nowMs + minutes * MINUTE_MS),
        revision: { increment: 1 },
      },
    })
    if (count === 0) throw isOver()
  })
}

export async function takeBackAcknowledgement(
  context: ServiceContext,
  input: z.input<typeof takeBackAcknowledgementSchema>,
): Promise<void> {
  const { alertId } = parseInput(takeBackAcknowledgementSchema, input)
  const alert = await getOpenAlert(context, alertId)
  const after = { alert: alert.id, rule: alert.rule, takenBack: true }
  await mutate(context, { action: 'alert.acknowledge', cluster: clusterOf(alert), after }, async (tx) => {
    const { count } = await tx.alert.updateMany({
      where: { id: alert.id, openKey: { not: null } },
      data: {
        acknowledgedAt: null,
        acknowledgedById: null,
        acknowledgedByName: null,
        acknowledgeReason: null,
        silentUntil: null,
        revision: { increment: 1 },
      },
    })
    if (count === 0) throw isOver()
  })
}

async function getOpenAlert(context: ServiceContext, alertId: string) {
  const alert = await context.db.alert.findFirst({ where: { id: alertId } })
  if (!alert) {
    // Which alerts there are is not for whoever may do nothing about any. To who sees nothing overall there is none, as with all else.
    if (roleAt(context.actor, null) !== 'none')
      await assertActorCan(context, { action: 'alert.acknowledge', cluster: null })
    throw new ServiceError('NOT_FOUND', `There is no alert ${alertId}`, { unaffected: 'nothing was changed' })
  }
  if (alert.openKey === null) throw isOver()
  return alert
}

const isOver = () =>
  new ServiceError('WRONG_STATE', 'This alert is over: there is nothing to acknowledge', {
    unaffected: 'nothing was changed',
  })

const clusterOf = ({ clusterId, clusterName }: { clusterId: string | null; clusterName: string | null }) =>
  clusterId === null ? null : { id: clusterId, name: clusterName ?? clusterId }
