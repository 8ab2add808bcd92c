import { formatErrorLine } from '../../base/errors.ts'
import { nextTry } from '../../domain/alerts/back-off.ts'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import type { ServiceContext } from '../context.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { toNotifyTarget } from './to-notify-target.ts'

/** Longer than the longest try of the port, so that no second worker sends what a first one is sending. */
const LEASE_MS = 60_000
const LOOKED_AT_MAX = 50
const HOLD_UP_MS = 60_000
const ERROR_CHARACTERS_MAX = 500

/**
 * Sends one notice that is due, as `owner`; true when there may be more. At least once, as much as a receiver over a network can get: a
 * worker that dies after the receiver has taken it leaves a lease that runs out, and the notice is sent again with the same id, by which
 * the receiver knows it. Notices of one alert to one channel go in their order, so that nobody hears last that it fires.
 */
export async function runDueDeliveries(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = { state: 'waiting', nextRunAt: { lte: now }, ...leaseIsFree(now) }
  const due = await db.alertDelivery.findMany({
    where: { ...isDue, channel: { enabled: true } },
    orderBy: [{ nextRunAt: 'asc' }, { createdAt: 'asc' }, { id: 'asc' }],
    take: LOOKED_AT_MAX,
    select: { id: true, alertId: true, channelId: true, createdAt: true },
  })
  for (const { id, alertId, channelId, createdAt } of due) {
    const before = await db.alertDelivery.count({
      where: { alertId, channelId, state: 'waiting', createdAt: { lt: createdAt } },
    })
    if (before > 0) continue
    const { count } = await db.alertDelivery.updateMany({
      where: { ...isDue, id },
      data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
    })
    if (count === 0) continue
    await deliver(context, owner, id)
    return true
  }
  return false
}

async function deliver(context: ServiceContext, owner: string, id: string): Promise<void> {
  const { db, clock } = context
  const row = await db.alertDelivery.findUnique({ where: { id }, include: { channel: true } })
  if (!row) return
  const mine = { id, leaseOwner: owner, state: 'waiting' }
  const free = { leaseOwner: null, leaseUntil: null }
  try {
    // Written by toMessage: the shape is ours.
    const message = row.payload as unknown as AlertMessage
    await context.notify.send(toNotifyTarget(context, row.channel), message, context.signal)
    const sentAt = new Date(clock.now())
    await db.alertDelivery.updateMany({ where: mine, data: { ...free, state: 'sent', sentAt, lastError: null } })
    await db.alertChannel.updateMany({
      where: { id: row.channelId },
      data: { failures: 0, failingSince: null, lastError: null, lastErrorAt: null, lastOkAt: sentAt },
    })
    // It takes notices again: what waits for it need not wait longer.
    if (row.channel.failures > 0) {
      await db.alertDelivery.updateMany({
        where: { channelId: row.channelId, state: 'waiting', nextRunAt: { gt: sentAt } },
        data: { nextRunAt: sentAt },
      })
    }
  } catch (error) {
    const at = new Date(clock.now())
    if (context.signal?.aborted) {
      await db.alertDelivery.updateMany({ where: mine, data: free })
      return
    }
    const failures = row.failures + 1
    const nextMs = nextTry(failures, at.getTime())
    const lastError = formatErrorLine(error).slice(0, ERROR_CHARACTERS_MAX)
    const rest = nextMs === null ? { state: 'dead' } : { nextRunAt: new Date(nextMs) }
    await db.alertDelivery.updateMany({ where: mine, data: { ...free, ...rest, failures, lastError } })
    // What else waits for this receiver waits as long: it must not hold up the notices of others, one timeout after the other.
    await db.alertDelivery.updateMany({
      where: { channelId: row.channelId, state: 'waiting', nextRunAt: { lte: at }, leaseOwner: null, NOT: { id } },
      data: { nextRunAt: new Date(nextMs ?? at.getTime() + HOLD_UP_MS) },
    })
    const channel = { id: row.channelId }
    await db.alertChannel.updateMany({ where: { ...channel, failingSince: null }, data: { failingSince: at } })
    await db.alertChannel.updateMany({
      where: channel,
      data: { failures: { increment: 1 }, lastError, lastErrorAt: at },
    })
    context.log.warn({ channel: row.channelId, delivery: id, failures, error: lastError }, 'A notice was not taken')
  }
}
