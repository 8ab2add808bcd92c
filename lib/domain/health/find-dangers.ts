import type { Finding, HealthFacts, Severity } from './health-facts.ts'
import { settingRules } from './rules/setting-rules.ts'
import { stateRules } from './rules/state-rules.ts'
import { versionRules } from './rules/version-rules.ts'

const RULES = { ...stateRules, ...versionRules, ...settingRules }
const WEIGHT: Record<Severity, number> = { danger: 0, warning: 1, note: 2 }

export interface NamedFinding extends Finding {
  readonly rule: string
  readonly source: string
}

/** A rule that found nothing: because all is well, or because nobody told what it needs. */
export interface Check {
  readonly rule: string
  readonly name: string
  readonly source: string
  /** Null: it is well. */
  readonly unknown: string | null
}

/** What is dangerous, worst first, and what each of the other rules says. Whoever shows the one shows the other: not known is not good. */
export function findDangers(facts: HealthFacts): { readonly findings: NamedFinding[]; readonly checks: Check[] } {
  const findings: NamedFinding[] = []
  const checks: Check[] = []
  for (const [rule, { name, source, judge }] of Object.entries(RULES)) {
    const judgement = judge(facts)
    if (judgement.kind === 'found') findings.push(...judgement.findings.map((each) => ({ ...each, rule, source })))
    else checks.push({ rule, name, source, unknown: judgement.kind === 'unknown' ? judgement.why : null })
  }
  return { findings: findings.toSorted((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity]), checks }
}
