import { z } from 'zod'
import type { NotifyTarget } from '../../adapters/notify/notify.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { CHANNEL_KINDS, type ChannelKind, MAIL_SECURITIES } from './schemas.ts'

/** What of a channel is no secret. */
export const channelSettingsSchema = z.object({
  ca: z.string().default(''),
  allowLocal: z.boolean().default(false),
  /** Whose alerts it gets; null: all, and those of the installation. */
  clusterIds: z.array(z.string()).nullable().default(null),
  /** Of a webhook: its host, to tell it by. */
  place: z.string().default(''),
  mail: z
    .object({
      host: z.string(),
      port: z.number(),
      security: z.enum(MAIL_SECURITIES),
      user: z.string(),
      from: z.string(),
      to: z.array(z.string()),
    })
    .nullable()
    .default(null),
})
export type ChannelSettings = z.infer<typeof channelSettingsSchema>

/** What of it is sealed. */
export const channelSecretSchema = z.object({
  url: z.string().default(''),
  signingSecret: z.string().default(''),
  password: z.string().default(''),
})
export type ChannelSecret = z.infer<typeof channelSecretSchema>

export function toChannelKind(text: string): ChannelKind {
  return CHANNEL_KINDS.find((kind) => kind === text) ?? 'webhook'
}

export function openSecret({ secrets }: Pick<ServiceContext, 'secrets'>, sealed: Uint8Array | null): ChannelSecret {
  return channelSecretSchema.parse(sealed === null ? {} : JSON.parse(secrets.open(sealed)))
}

export function toNotifyTarget(
  context: Pick<ServiceContext, 'secrets'>,
  row: { readonly kind: string; readonly settings: unknown; readonly secret: Uint8Array | null },
): NotifyTarget {
  const { ca, allowLocal, mail } = channelSettingsSchema.parse(row.settings)
  const secret = openSecret(context, row.secret)
  const kind = toChannelKind(row.kind)
  const common = { ca: ca || null, allowLocal }
  if (kind === 'slack') return { kind, url: secret.url, ...common }
  if (kind === 'webhook') return { kind, url: secret.url, signingSecret: secret.signingSecret || null, ...common }
  if (mail === null) throw new ServiceError('INVALID_INPUT', 'This channel has no mail server')
  return { kind, ...mail, user: mail.user || null, password: secret.password || null, ...common }
}
