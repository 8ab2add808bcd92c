import type { KeepPeriod } from './keep-periods.ts'

/** Keep rules: what of a cluster's backups stays. Every number is how many stay by that rule; 0 switches the rule off. */
export interface KeepPolicy {
  /** IANA name: days, weeks, months and years begin at midnight there. */
  readonly timeZone: string
  readonly last: number
  readonly hourly: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
  readonly yearly: number
  /** So many good backups of each scope stay whatever the other rules say, the newest. At least 1. */
  readonly atLeast: number
  /** Nothing that is younger goes. */
  readonly minAgeDays: number
  /** A safety backup stays so long after it was taken: how long a restore that has ended can be undone. */
  readonly safetyDays: number
  /** A partial or damaged one stays so long, to be looked at. It never counts as one that is kept. */
  readonly unsoundDays: number
}

export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const satisfies readonly KeepPeriod[]

/** What the rules know of a backup. */
export interface KeptBackup {
  readonly id: string
  readonly takenAtMs: number
  /** What it covers: backups of one scope are one series, which the rules count by itself. */
  readonly scope: string
  /** `good`: complete, and neither a verification nor a drill has found a fault. */
  readonly soundness: 'good' | 'partial' | 'damaged'
  /** `import`: brought in by hand; rules neither count nor remove it. */
  readonly kind: 'usual' | 'safety' | 'import'
  /** Read again as a whole, and found sound. */
  readonly isVerified: boolean
  /** Its last drill found no difference. */
  readonly isProved: boolean
  readonly pinned: boolean
  /** The hold that stands, if one does. `untilMs` null: until somebody lifts it. */
  readonly hold: { readonly by: string; readonly untilMs: number | null } | null
  /** What still needs it, in words ("a restore that is planned from it"). */
  readonly neededBy: readonly string[]
}

export type KeepReason =
  | { readonly kind: 'last'; readonly rank: number; readonly of: number }
  | { readonly kind: KeepPeriod; readonly period: string; readonly rank: number; readonly of: number }
  | { readonly kind: 'at-least'; readonly rank: number; readonly of: number }
  | { readonly kind: 'young'; readonly days: number }
  | { readonly kind: 'future' }
  | { readonly kind: 'pinned' }
  | { readonly kind: 'held'; readonly by: string; readonly untilMs: number | null }
  | { readonly kind: 'last-good' }
  | { readonly kind: 'last-verified' }
  | { readonly kind: 'last-proved' }
  | { readonly kind: 'only-one' }
  | { readonly kind: 'needed'; readonly by: string }
  | { readonly kind: 'safety'; readonly days: number }
  | { readonly kind: 'unsound'; readonly days: number }
  | { readonly kind: 'import' }

export type GoReason =
  | { readonly kind: 'no-rule' }
  | { readonly kind: 'safety-over'; readonly days: number }
  | { readonly kind: 'unsound-over'; readonly soundness: 'partial' | 'damaged'; readonly days: number }

export type KeepDecision = { readonly id: string } & (
  | { readonly stays: true; readonly reasons: readonly KeepReason[] }
  | { readonly stays: false; readonly reason: GoReason }
)

/** Rules that keep nothing by themselves: everything but the few that are always kept would go. */
export function isEmptyPolicy(policy: KeepPolicy): boolean {
  return policy.last === 0 && PERIODS.every((period) => policy[period] === 0)
}

const PLURALS = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' } as const

/** `the last 7, 1 a day for 14 days, 1 a month for 12 months`. */
export function describePolicy(policy: KeepPolicy): string {
  const parts = [
    ...(policy.last > 0 ? [`the last ${policy.last}`] : []),
    ...PERIODS.flatMap((period) => {
      const count = policy[period]
      const noun = PLURALS[period]
      return count > 0
        ? [`1 ${noun === 'hour' ? 'an' : 'a'} ${noun} for ${count} ${noun}${count === 1 ? '' : 's'}`]
        : []
    }),
  ]
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

export function describeKeepReason(reason: KeepReason): string {
  switch (reason.kind) {
    case 'last':
      return `${reason.rank} of the last ${reason.of}`
    case 'hourly':
    case 'daily':
    case 'weekly':
    case 'monthly':
    case 'yearly':
      return `${reason.kind} for ${reason.period} (${reason.rank} of ${reason.of})`
    case 'at-least':
      return `one of the ${reason.of} that always stay`
    case 'young':
      return `younger than ${days(reason.days)}`
    case 'future':
      return 'taken later than now by this clock'
    case 'pinned':
      return 'pinned'
    case 'held':
      return reason.untilMs === null
        ? `held by ${reason.by}`
        : `held by ${reason.by} until ${new Date(reason.untilMs).toISOString().slice(0, 10)}`
    case 'last-good':
      return 'the last good backup'
    case 'last-verified':
      return 'the newest that was read again and found sound'
    case 'last-proved':
      return 'the newest that a drill has proved restorable'
    case 'only-one':
      return 'no good backup of its scope is newer'
    case 'needed':
      return `needed: ${reason.by}`
    case 'safety':
      return `a restore's safety backup, kept ${days(reason.days)} for its undo`
    case 'unsound':
      return `kept ${days(reason.days)} to be looked at`
    case 'import':
      return 'imported: no rule removes it'
  }
}

export function describeGoReason(reason: GoReason): string {
  switch (reason.kind) {
    case 'no-rule':
      return 'no rule keeps it'
    case 'safety-over':
      return `a safety backup older than ${days(reason.days)}, whose restore has ended`
    case 'unsound-over':
      return `${reason.soundness}, older than ${days(reason.days)}, and a good one is newer`
  }
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}
