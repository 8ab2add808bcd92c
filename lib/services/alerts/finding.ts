import type { RuleId, Severity } from '../../domain/alerts/rules.ts'
import type { ServiceContext } from '../context.ts'
import type { SettingsOf } from './rule-settings.ts'
import type { AlertSubject } from './views.ts'

/** What a rule has found just now. The texts go to channels: no value of a znode and no path of one. */
export interface Finding {
  readonly rule: RuleId
  readonly cluster: LookedAt | null
  /** Tells findings of one rule at one cluster apart; empty where there is one at most. */
  readonly subject: string
  /** Other than the rule's own. */
  readonly severity?: Severity
  readonly about: AlertSubject
  readonly aboutId?: string
  readonly text: string
}

export interface LookedAt {
  readonly id: string
  readonly name: string
}

/** What every look is given. Clusters that were removed are not among them. */
export interface LookContext {
  readonly context: ServiceContext
  readonly clusters: ReadonlyMap<string, LookedAt>
  readonly settingsOf: SettingsOf
  readonly nowMs: number
  /** Nothing can be said of this rule at this cluster: its alerts stay what they are. */
  markUnknown(rule: RuleId, clusterId: string): void
}

/** One look for one or more rules. When it throws, nothing is known of any of them. */
export interface Look {
  readonly rules: readonly RuleId[]
  find(look: LookContext): Promise<readonly Finding[]>
}

/** Whether the rule is on at this cluster, or in the installation. */
export function isOn({ settingsOf }: LookContext, rule: RuleId, clusterId: string | null): boolean {
  return settingsOf(rule, clusterId).enabled
}

export function clustersWith(look: LookContext, rule: RuleId): LookedAt[] {
  return [...look.clusters.values()].filter(({ id }) => isOn(look, rule, id))
}

export function keyOf({ rule, cluster, subject }: Pick<Finding, 'rule' | 'cluster' | 'subject'>): string {
  return [rule, cluster?.id ?? '', subject].join('|')
}

const HOUR_MS = 3_600_000

/** `3 hours`, `2 days`: as people say it, rounded down. */
export function describeAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 120) return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
  const hours = Math.floor(ms / HOUR_MS)
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`
}
