import type { ValueEffect, ValueRole } from '../../domain/value/value-rules.ts'

/** In place of a value that is hidden from whoever asked. Its size is no secret. */
export interface HiddenValueView {
  /** Why: what the rules say of themselves. */
  readonly because: readonly string[]
  /** The least role that may reveal it, and whether whoever asked has it. */
  readonly leastRole: ValueRole
  readonly mayReveal: boolean
}

export interface ValueRuleView {
  readonly id: string
  readonly clusterId: string | null
  readonly clusterName: string | null
  readonly pattern: string
  readonly ignoreCase: boolean
  readonly effect: ValueEffect
  readonly leastRole: ValueRole
  readonly recordsReads: boolean
  readonly note: string
  readonly createdByName: string
  readonly createdAt: string
}

/** A rule that Arkeeper comes with. */
export interface KnownSecretView {
  readonly id: string
  readonly pattern: string
  readonly what: string
  readonly enabled: boolean
  readonly recordsReads: boolean
}

export interface ValueRulesView {
  readonly rules: readonly ValueRuleView[]
  readonly known: readonly KnownSecretView[]
}
