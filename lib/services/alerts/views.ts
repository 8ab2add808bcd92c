import type { RuleId, RuleSettings, Severity } from '../../domain/alerts/rules.ts'
import type { ChannelKind, MailSecurity } from './schemas.ts'

/** What an alert is about: where its page leads. */
export const ALERT_SUBJECTS = [
  'cluster',
  'cluster-settings',
  'cluster-follow',
  'backups',
  'backup',
  'drift',
  'live',
  'audit',
  'account',
  'channels',
  'overview',
] as const

export type AlertSubject = (typeof ALERT_SUBJECTS)[number]

export interface AlertView {
  readonly id: string
  /** Of a version that this one does not know: as it is. */
  readonly rule: string
  readonly state: 'pending' | 'firing' | 'resolved'
  readonly severity: Severity
  readonly title: string
  readonly text: string
  readonly cluster: { readonly id: string; readonly name: string } | null
  readonly about: AlertSubject
  readonly aboutId: string | null
  readonly since: string
  readonly firedAt: string | null
  readonly resolvedAt: string | null
  readonly endedBecause: string | null
  /** Gone since then, and watched for a while before it is over. */
  readonly clearSince: string | null
  readonly acknowledged: {
    readonly at: string
    readonly by: string
    readonly reason: string
    /** Null: until it is over. */
    readonly silentUntil: string | null
  } | null
  readonly notices: { readonly sent: number; readonly waiting: number; readonly dead: number }
}

export interface AlertsView {
  /** Firing, the gravest and oldest first. */
  readonly open: readonly AlertView[]
  /** Seen, and not yet for as long as their rule waits. */
  readonly pending: readonly AlertView[]
  /** Over, or of `history` only; the latest first. */
  readonly history: readonly AlertView[]
  /** When rules were looked at last; null: never yet. */
  readonly lookedAt: string | null
  /** Nobody has looked for minutes: what is shown may be old. */
  readonly isStale: boolean
  /** Rules that could not be looked at. */
  readonly faults: readonly { readonly rule: string; readonly message: string }[]
  readonly next: string | null
}

export interface OpenAlertCounts {
  readonly critical: number
  readonly warning: number
  readonly info: number
  readonly byCluster: Readonly<Record<string, number>>
}

export interface AlertRuleView {
  readonly rule: RuleId
  readonly settings: RuleSettings
  /** Set here; otherwise it follows what is above it. */
  readonly isOwn: boolean
  readonly inherited: RuleSettings
}

export interface AlertChannelView {
  readonly id: string
  readonly name: string
  readonly kind: ChannelKind
  readonly enabled: boolean
  readonly leastSeverity: Severity
  /** Null: all, and the installation's. */
  readonly clusterIds: readonly string[] | null
  /** Host of a webhook; its whole address is a secret and never leaves the server. */
  readonly place: string
  readonly ca: string
  readonly allowLocal: boolean
  readonly hasSigningSecret: boolean
  readonly mail: {
    readonly host: string
    readonly port: number
    readonly security: MailSecurity
    readonly user: string
    readonly from: string
    readonly to: readonly string[]
  } | null
  readonly waiting: number
  readonly dead: number
  readonly failures: number
  readonly lastError: string | null
  readonly lastErrorAt: string | null
  readonly lastOkAt: string | null
}

export interface DriftWatchView {
  readonly enabled: boolean
  readonly backupId: string
  readonly path: string
  readonly everyMinutes: number
  readonly znodesMax: number
  readonly nextRunAt: string | null
  readonly lastRunAt: string | null
  readonly last: {
    readonly at: string
    readonly added: number
    readonly removed: number
    readonly changed: number
    readonly ignored: number
    readonly compared: number
  } | null
  readonly error: string | null
}
