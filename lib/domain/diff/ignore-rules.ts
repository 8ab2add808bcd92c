import type { Change, ChangeField } from './change.ts'
import { compilePattern } from './path-pattern.ts'

/** Differences that somebody has looked at and does not want to see again. It hides; nothing is left out of what is stored. */
export interface IgnoreRule {
  readonly id: string
  /** See path-pattern.ts; without fault. */
  readonly pattern: string
  /** Empty: every change. Else only a `changed` znode that differs in nothing but these: an added or removed one is never hidden by it. */
  readonly fields: readonly ChangeField[]
}

type Judged = Pick<Change, 'path' | 'change' | 'fields'>

/** Asked of each change; the first rule that hides it answers for it, so that counts by rule add up. */
export class IgnoreRules<Rule extends IgnoreRule = IgnoreRule> {
  readonly #rules: readonly { readonly rule: Rule; readonly matches: (path: string) => boolean }[]

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({ rule, matches: compilePattern(rule.pattern) }))
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0
  }

  find(change: Judged): Rule | null {
    for (const { rule, matches } of this.#rules) {
      if (covers(rule, change) && matches(change.path)) return rule
    }
    return null
  }
}

/** One rule must cover all that differs: what is half hidden would look like less than it is. */
function covers({ fields }: IgnoreRule, change: Judged): boolean {
  if (fields.length === 0) return true
  return change.change === 'changed' && change.fields.every((field) => fields.includes(field))
}
