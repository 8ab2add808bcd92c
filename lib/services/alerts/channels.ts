import type { z } from 'zod'
import { formatErrorLine } from '../../base/errors.ts'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { isSeverity } from '../../domain/alerts/rules.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate, startAuditedReading } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { CHANNELS_MAX, channelIdSchema, setAlertChannelSchema } from './schemas.ts'
import {
  type ChannelSecret,
  type ChannelSettings,
  channelSettingsSchema,
  openSecret,
  toChannelKind,
  toNotifyTarget,
} from './to-notify-target.ts'
import type { AlertChannelView } from './views.ts'
import { toMessage } from './write-notices.ts'

/** Where notices go, by name. For whoever may set them: an address that mail goes to is nobody else's business. */
export async function listAlertChannels(context: ServiceContext): Promise<AlertChannelView[]> {
  await assertActorCan(context, { action: 'alert.set-channel' })
  const rows = await context.db.alertChannel.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }] })
  const counts = await context.db.alertDelivery.groupBy({
    by: ['channelId', 'state'],
    where: { state: { in: ['waiting', 'dead'] } },
    _count: { _all: true },
  })
  const countOf = (channelId: string, state: string) =>
    counts.find((each) => each.channelId === channelId && each.state === state)?._count._all ?? 0
  return rows.map((row) => {
    const { ca, allowLocal, clusterIds, place, mail } = channelSettingsSchema.parse(row.settings)
    return {
      id: row.id,
      name: row.name,
      kind: toChannelKind(row.kind),
      enabled: row.enabled,
      leastSeverity: isSeverity(row.leastSeverity) ? row.leastSeverity : 'critical',
      clusterIds,
      place: mail ? mail.to.join(', ') : place,
      ca,
      allowLocal,
      hasSigningSecret: row.kind === 'webhook' && hasSigningSecret(context, row.secret),
      mail,
      waiting: countOf(row.id, 'waiting'),
      dead: countOf(row.id, 'dead'),
      failures: row.failures,
      lastError: row.lastError,
      lastErrorAt: row.lastErrorAt?.toISOString() ?? null,
      lastOkAt: row.lastOkAt?.toISOString() ?? null,
    }
  })
}

/** With another key than it was sealed with there is nothing to say of it; sending says so clearly. */
function hasSigningSecret(context: ServiceContext, sealed: Uint8Array | null): boolean {
  try {
    return openSecret(context, sealed).signingSecret !== ''
  } catch {
    return false
  }
}

/** A new channel, or a change of one. Secrets that are left empty stay as they are. */
export async function setAlertChannel(
  context: ServiceContext,
  input: z.input<typeof setAlertChannelSchema>,
): Promise<{ readonly channelId: string }> {
  const given = parseInput(setAlertChannelSchema, input)
  const { name, kind, enabled, leastSeverity, clusterIds } = given
  const channelId = given.channelId ?? context.newId()
  const now = new Date(context.clock.now())
  const host = placeOf(given)
  const after = {
    channel: name,
    kind,
    enabled,
    leastSeverity,
    clusters: clusterIds,
    ...(host === null ? {} : { host }),
  }
  await mutate(context, { action: 'alert.set-channel', after }, async (tx, record) => {
    const known = given.channelId === null ? null : await tx.alertChannel.findUnique({ where: { id: channelId } })
    if (given.channelId !== null && !known) throw noChannel()
    if (known && known.kind !== kind) {
      throw new ServiceError('INVALID_INPUT', 'A channel stays what it is', { remedy: 'add another one instead' })
    }
    if (known) record({ before: factsOf(known) })
    else if ((await tx.alertChannel.count()) >= CHANNELS_MAX) {
      throw new ServiceError('TOO_MANY', `There are ${CHANNELS_MAX} channels already`, { remedy: 'remove one first' })
    }
    const taken = await tx.alertChannel.findFirst({ where: { name, NOT: { id: channelId } }, select: { id: true } })
    if (taken)
      throw new ServiceError('NAME_TAKEN', `There is a channel ${name} already`, {
        details: { fields: { name: 'there is one of this name' } },
      })
    const former = known && {
      secret: openSecret(context, known.secret),
      settings: channelSettingsSchema.parse(known.settings),
    }
    const secret = joinSecret(given, former)
    const settings = toSettings(given, secret)
    const data = {
      name,
      enabled,
      leastSeverity,
      settings,
      secret: context.secrets.seal(JSON.stringify(secret)),
      failures: 0,
      failingSince: null,
      lastError: null,
      lastErrorAt: null,
    }
    const create = { id: channelId, kind, createdAt: now, ...data }
    await tx.alertChannel.upsert({ where: { id: channelId }, create, update: data, select: { id: true } })
    // What waited while it was switched off is no news any more when it is switched on.
    if (!enabled) {
      const lastError = 'the channel was switched off'
      await tx.alertDelivery.updateMany({ where: { channelId, state: 'waiting' }, data: { state: 'dead', lastError } })
    } else {
      await tx.alertDelivery.updateMany({ where: { channelId, state: 'waiting' }, data: { nextRunAt: now } })
    }
  })
  return { channelId }
}

type Given = z.output<typeof setAlertChannelSchema>

/** Of the row, in the words of `after`. */
function factsOf(row: { name: string; enabled: boolean; leastSeverity: string; settings: unknown }) {
  const { clusterIds, place, mail } = channelSettingsSchema.parse(row.settings)
  const { name, enabled, leastSeverity } = row
  return {
    channel: name,
    enabled,
    leastSeverity,
    clusters: clusterIds,
    host: mail ? `${mail.host}:${mail.port}` : place,
  }
}

/** For the audit, which more people read: no address of a person, and of a webhook only its host. Null: left as it was. */
function placeOf({ kind, host, port, url }: Given): string | null {
  if (kind === 'email') return `${host}:${port}`
  return url === '' ? null : new URL(url).host
}

interface Known {
  readonly secret: ChannelSecret
  readonly settings: ChannelSettings
}

function joinSecret(given: Given, known: Known | null): ChannelSecret {
  if (given.kind === 'email') {
    // Another user's password is another one, and to another server it is never sent.
    if (given.user === '' || given.password !== '' || !known) {
      return { url: '', signingSecret: '', password: given.user === '' ? '' : given.password }
    }
    const { mail } = known.settings
    const isSame = mail?.host === given.host && mail.port === given.port && mail.user === given.user
    // Who vouches for the server, and whether it need be asked, is a part of which one it is.
    const isAsSafe = known.settings.ca === given.ca && mail?.security === given.security
    if ((!isSame || !isAsSafe) && known.secret.password !== '') {
      const message = 'Another server, user or way of TLS needs the password anew'
      throw new ServiceError('INVALID_INPUT', message, {
        unaffected: 'nothing was changed',
        details: { fields: { password: 'Give the password of this user' } },
      })
    }
    return { url: '', signingSecret: '', password: known.secret.password }
  }
  const url = given.url || (known?.secret.url ?? '')
  if (url === '') {
    throw new ServiceError('INVALID_INPUT', 'The input is not valid: url: the address is missing', {
      details: { fields: { url: 'the address of the receiver' } },
    })
  }
  return { url, signingSecret: given.signingSecret || (known?.secret.signingSecret ?? ''), password: '' }
}

function toSettings(given: Given, secret: ChannelSecret): ChannelSettings {
  const { ca, allowLocal, clusterIds, host, port, security, user, from, to } = given
  const common = { ca, allowLocal, clusterIds }
  if (given.kind === 'email') return { ...common, place: '', mail: { host, port, security, user, from, to } }
  return { ...common, place: new URL(secret.url).host, mail: null }
}

export async function removeAlertChannel(
  context: ServiceContext,
  input: z.input<typeof channelIdSchema>,
): Promise<void> {
  const { channelId } = parseInput(channelIdSchema, input)
  await mutate(context, { action: 'alert.remove-channel', after: { channelId } }, async (tx, record) => {
    const known = await tx.alertChannel.findUnique({ where: { id: channelId }, select: { name: true, kind: true } })
    if (!known) throw noChannel()
    record({ before: { channel: known.name, kind: known.kind } })
    await tx.alertChannel.delete({ where: { id: channelId }, select: { id: true } })
  })
}

/** One notice that says that it is a test, at once; gives what the receiver said to it. On record either way. */
export async function testAlertChannel(
  context: ServiceContext,
  input: z.input<typeof channelIdSchema>,
): Promise<{ readonly answer: string }> {
  const { channelId } = parseInput(channelIdSchema, input)
  await assertActorCan(context, { action: 'alert.test-channel' })
  const row = await context.db.alertChannel.findUnique({ where: { id: channelId } })
  if (!row) throw noChannel()
  const told = await startAuditedReading(context, { action: 'alert.test-channel', after: { channel: row.name } })
  try {
    const { text } = await context.notify.send(
      toNotifyTarget(context, row),
      testMessage(context, row.name),
      context.signal,
    )
    await told.end('ok')
    return { answer: text }
  } catch (error) {
    told.record({ message: formatErrorLine(error) })
    await told.end('failed')
    throw new ServiceError('FORWARD_FAILED', `The test was not taken: ${formatErrorLine(error)}`, {
      cause: error,
      unaffected: 'alerts are kept here in any case',
      remedy: 'check the address and what it asks for, and whether the receiver is up',
    })
  }
}

function testMessage(context: ServiceContext, name: string): AlertMessage {
  const at = new Date(context.clock.now())
  const alert = {
    id: 'test',
    rule: 'test',
    severity: 'info',
    title: 'A test of notifications',
    text: `If you read this, the channel ${name} works. Nothing has happened.`,
    clusterId: null,
    clusterName: null,
    firedAt: at,
    resolvedAt: null,
  }
  return toMessage(context, { id: context.newId(), event: 'test', at, alert })
}

const noChannel = () => new ServiceError('NOT_FOUND', 'There is no such channel', { unaffected: 'nothing was changed' })
