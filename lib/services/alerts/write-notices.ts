import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { isSeverity, SEVERITY_RANK } from '../../domain/alerts/rules.ts'
import type { NoticeEvent } from '../../domain/alerts/step-alert.ts'
import type { ServiceContext } from '../context.ts'
import type { Transaction } from '../gate.ts'
import { alertLink } from './alert-link.ts'
import { channelSettingsSchema } from './to-notify-target.ts'

export interface NoticedAlert {
  readonly id: string
  readonly rule: string
  readonly severity: string
  readonly title: string
  readonly text: string
  readonly clusterId: string | null
  readonly clusterName: string | null
  readonly firedAt: Date | null
  readonly resolvedAt: Date | null
}

/** A receiver that cannot be reached for as long fills no database. */
const DELIVERIES_WAITING_MAX = 10_000

/**
 * In the transaction that changes the alert: a notice for each channel that is to know, so that there is neither a change without its
 * notices nor a notice without its change. That an alert is over is told to those that were told of it, whatever their filters say now.
 */
export async function writeNotices(
  tx: Transaction,
  context: Pick<ServiceContext, 'clock' | 'newId' | 'publicUrl'>,
  alert: NoticedAlert,
  event: NoticeEvent,
): Promise<number> {
  const channels = await tx.alertChannel.findMany({
    where: { enabled: true },
    orderBy: { id: 'asc' },
    select: { id: true, leastSeverity: true, settings: true },
  })
  const told = await tx.alertDelivery.findMany({ where: { alertId: alert.id }, select: { channelId: true } })
  const hasHeard = new Set(told.map(({ channelId }) => channelId))
  const now = new Date(context.clock.now())
  let written = 0
  for (const channel of channels) {
    const wants = event === 'resolved' ? hasHeard.has(channel.id) : isFor(channel, alert)
    if (!wants) continue
    const waiting = await tx.alertDelivery.count({ where: { channelId: channel.id, state: 'waiting' } })
    if (waiting >= DELIVERIES_WAITING_MAX) continue
    const id = context.newId()
    const said = event === 'repeat' && !hasHeard.has(channel.id) ? 'firing' : event
    const payload = toMessage(context, { id, event: said, at: now, alert })
    await tx.alertDelivery.create({
      data: {
        id,
        alertId: alert.id,
        channelId: channel.id,
        event: said,
        payload: payload as unknown as Prisma.InputJsonObject,
        state: 'waiting',
        nextRunAt: now,
        createdAt: now,
      },
      select: { id: true },
    })
    written++
  }
  return written
}

function isFor(channel: { leastSeverity: string; settings: unknown }, alert: NoticedAlert): boolean {
  const rank = (text: string) => (isSeverity(text) ? SEVERITY_RANK[text] : SEVERITY_RANK.critical)
  if (rank(alert.severity) < rank(channel.leastSeverity)) return false
  const { clusterIds } = channelSettingsSchema.parse(channel.settings)
  return clusterIds === null || (alert.clusterId !== null && clusterIds.includes(alert.clusterId))
}

export function toMessage(
  { publicUrl }: Pick<ServiceContext, 'publicUrl'>,
  { id, event, at, alert }: { id: string; event: AlertMessage['event']; at: Date; alert: NoticedAlert },
): AlertMessage {
  return {
    version: 1,
    id,
    event,
    at: at.toISOString(),
    alert: {
      id: alert.id,
      rule: alert.rule,
      severity: isSeverity(alert.severity) ? alert.severity : 'critical',
      title: alert.title,
      text: alert.text,
      cluster: alert.clusterId === null ? null : { id: alert.clusterId, name: alert.clusterName ?? '' },
      firedAt: alert.firedAt?.toISOString() ?? null,
      resolvedAt: alert.resolvedAt?.toISOString() ?? null,
      link: alertLink(publicUrl, alert.id),
    },
  }
}
