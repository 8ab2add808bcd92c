import { CHANNEL_KINDS } from '@/lib/services/alerts/schemas.ts'
import type { AlertChannelView } from '@/lib/services/alerts/views.ts'

/** What the action takes, as a form holds it. */
export type ChannelDraft = ReturnType<typeof draftOf>

export function draftOf(channel: AlertChannelView | null) {
  const mail = channel?.mail
  return {
    channelId: channel?.id ?? null,
    name: channel?.name ?? '',
    kind: channel?.kind ?? CHANNEL_KINDS[0],
    enabled: channel?.enabled ?? true,
    leastSeverity: channel?.leastSeverity ?? ('warning' as AlertChannelView['leastSeverity']),
    clusterIds: channel?.clusterIds ? [...channel.clusterIds] : (null as string[] | null),
    ca: channel?.ca ?? '',
    allowLocal: channel?.allowLocal ?? false,
    url: '',
    signingSecret: '',
    host: mail?.host ?? '',
    port: String(mail?.port ?? 587),
    security: mail?.security ?? ('starttls' as NonNullable<AlertChannelView['mail']>['security']),
    user: mail?.user ?? '',
    password: '',
    from: mail?.from ?? '',
    to: mail?.to.join('\n') ?? '',
  }
}
