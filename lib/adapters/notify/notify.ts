import type { AlertMessage } from '../../domain/alerts/message.ts'

/** A receiver of notices, as an administrator has given it. */
export type NotifyTarget =
  | {
      readonly kind: 'webhook'
      readonly url: string
      /** What requests are signed with; null: they are not. */
      readonly signingSecret: string | null
      /** PEM of the authority to trust for TLS; null trusts the system's. */
      readonly ca: string | null
      /** Link-local addresses, where clouds hand out credentials, are refused unless allowed. */
      readonly allowLocal: boolean
    }
  | {
      /** Slack's incoming webhooks, and Mattermost's and Rocket.Chat's, which take the same. */
      readonly kind: 'slack'
      readonly url: string
      readonly ca: string | null
      readonly allowLocal: boolean
    }
  | {
      readonly kind: 'email'
      readonly host: string
      readonly port: number
      /** `none` sends in the clear, and then never a password. */
      readonly security: 'starttls' | 'tls' | 'none'
      readonly user: string | null
      readonly password: string | null
      readonly from: string
      readonly to: readonly string[]
      readonly ca: string | null
      readonly allowLocal: boolean
    }

/** What the other side said when it took a notice. */
export interface NotifyAnswer {
  readonly text: string
}

export interface NotifyPort {
  /** Resolves when the receiver has taken it, as far as its protocol tells. Throws a NotifyError otherwise, within half a minute. */
  send(target: NotifyTarget, message: AlertMessage, signal?: AbortSignal): Promise<NotifyAnswer>
}
