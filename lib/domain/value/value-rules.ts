import { compilePattern } from '../diff/path-pattern.ts'

/**
 * What a rule does to the values that it matches. `mask`: hidden from everybody until revealed, which needs the role. `forbid`: hidden from
 * whoever is below the role. `record`: hidden from nobody.
 */
export type ValueEffect = 'mask' | 'forbid' | 'record'
/** From the least to the most. */
export const VALUE_ROLES = ['viewer', 'operator', 'admin'] as const
export type ValueRole = (typeof VALUE_ROLES)[number]

export interface ValueRule {
  readonly id: string
  /** In the language of diff/path-pattern.ts; without fault. */
  readonly pattern: string
  readonly ignoreCase: boolean
  readonly effect: ValueEffect
  /** The least role that may reveal (`mask`) or see (`forbid`) what matches. */
  readonly leastRole: ValueRole
  /** Every read of what matches is put on record. */
  readonly recordsReads: boolean
}

const NONE: readonly never[] = []

/**
 * Rules made ready to be asked of a million paths. A path is looked at in full only where it holds the longest text of the pattern, and
 * then in time bounded by path × pattern, whatever the pattern.
 */
export class ValueRules<Rule extends Pick<ValueRule, 'pattern' | 'ignoreCase'> = ValueRule> {
  readonly #exact: readonly Compiled<Rule>[]
  readonly #folded: readonly Compiled<Rule>[]

  constructor(rules: readonly Rule[]) {
    const all = rules.map((rule, at) => compile(rule, at))
    this.#exact = all.filter(({ rule }) => !rule.ignoreCase)
    this.#folded = all.filter(({ rule }) => rule.ignoreCase)
  }

  get isEmpty(): boolean {
    return this.#exact.length + this.#folded.length === 0
  }

  /** The rules that match the path, in the order in which they were given. */
  match(path: string): readonly Rule[] {
    const exact = this.#exact.filter(({ text, matches }) => path.includes(text) && matches(path))
    const folded = this.#folded.length === 0 ? '' : fold(path)
    const inAnyCase = this.#folded.filter(({ text, matches }) => folded.includes(text) && matches(folded))
    if (exact.length + inAnyCase.length === 0) return NONE
    return [...exact, ...inAnyCase].sort((a, b) => a.at - b.at).map(({ rule }) => rule)
  }
}

interface Compiled<Rule> {
  readonly rule: Rule
  readonly at: number
  readonly text: string
  readonly matches: (path: string) => boolean
}

const fold = (text: string) => text.toLowerCase()

function compile<Rule extends Pick<ValueRule, 'pattern' | 'ignoreCase'>>(rule: Rule, at: number): Compiled<Rule> {
  const pattern = rule.ignoreCase ? fold(rule.pattern) : rule.pattern
  return { rule, at, text: longestText(pattern), matches: compilePattern(pattern) }
}

/** The longest text inside of one name that every matching path must hold. */
function longestText(pattern: string): string {
  let longest = ''
  let text = ''
  for (let at = 0; at <= pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === '\\') text += pattern.charAt(++at)
    else if (character !== '*' && character !== '/' && character !== '') text += character
    else {
      if (text.length > longest.length) longest = text
      text = ''
    }
  }
  return longest
}

/** What all the rules that match one value come to, for somebody of a role. */
export interface ValueJudgement {
  readonly isHidden: boolean
  /** The least role that all of them let see or reveal it. */
  readonly leastRole: ValueRole
  readonly mayReveal: boolean
  readonly isRecorded: boolean
}

/** The strictest of them counts. */
export function judgeValue(
  rules: readonly Pick<ValueRule, 'effect' | 'leastRole' | 'recordsReads'>[],
  role: ValueRole | 'none',
): ValueJudgement {
  const limits = rules.filter((rule) => rule.effect !== 'record')
  const leastRole = limits.reduce<ValueRole>(
    (least, rule) => (isBelow(least, rule.leastRole) ? rule.leastRole : least),
    'viewer',
  )
  return {
    isHidden: limits.some((rule) => rule.effect === 'mask' || isBelow(role, rule.leastRole)),
    leastRole,
    mayReveal: !isBelow(role, leastRole),
    isRecorded: rules.some((rule) => rule.recordsReads),
  }
}

/** `none` is below all of them. */
export function isBelow(role: ValueRole | 'none', least: ValueRole): boolean {
  const rank = role === 'none' ? -1 : VALUE_ROLES.indexOf(role)
  return rank < VALUE_ROLES.indexOf(least)
}
