import type { ChangeField } from '../../domain/diff/change.ts'

/** A rule as it was at some time, also after it was removed. */
export interface FrozenIgnoreRule {
  readonly id: string
  readonly pattern: string
  /** Empty: every change. */
  readonly fields: readonly ChangeField[]
  readonly note: string
}

export interface IgnoreRuleView extends FrozenIgnoreRule {
  readonly createdByName: string
  readonly createdAt: string
}
