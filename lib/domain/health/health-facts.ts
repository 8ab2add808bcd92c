import type { EnsembleMember } from './members.ts'
import type { HealthNumbers } from './read-monitor.ts'
import type { ToldSettings } from './told-settings.ts'

/** One server at the latest look. */
export interface ServerFacts extends HealthNumbers {
  readonly server: string
  readonly ok: boolean
  readonly fault: string | null
  readonly faultMessage: string | null
  readonly gap: string | null
  /** Of the looks of the last hour, oldest first, the latest one with them. */
  readonly recent: readonly { readonly outstanding: number | null; readonly sessionsExpired: bigint | null }[]
}

/** All that the rules may know. Null is not known, and never the same as none. */
export interface HealthFacts {
  readonly nowMs: number
  readonly servers: readonly ServerFacts[]
  readonly members: readonly EnsembleMember[] | null
  readonly settings: readonly ToldSettings[]
  /** Of the newest whole backup whose source knows the kinds of znodes. */
  readonly ttlZnodes: { readonly count: number; readonly takenAt: string } | null
  /** Since when the serving servers run different versions; null: they do not, or it is not known. */
  readonly versionsDifferSinceMs: number | null
}

export type Severity = 'danger' | 'warning' | 'note'

/** Something that a person should do, or know. */
export interface Finding {
  readonly severity: Severity
  readonly title: string
  /** Empty: the ensemble as a whole. */
  readonly servers: readonly string[]
  /** What was seen that says so. */
  readonly evidence: string
  readonly remedy: string
}

export type Judgement =
  | { readonly kind: 'found'; readonly findings: readonly Finding[] }
  | { readonly kind: 'clear' }
  /** It cannot be said, which is not good news. */
  | { readonly kind: 'unknown'; readonly why: string }

export interface Rule {
  /** What is looked at, as a person would ask for it. */
  readonly name: string
  /** Where it is proved or written: the reason to believe it. */
  readonly source: string
  judge(facts: HealthFacts): Judgement
}

export const CLEAR: Judgement = { kind: 'clear' }
export const found = (...findings: readonly Finding[]): Judgement => ({ kind: 'found', findings })
export const unknown = (why: string): Judgement => ({ kind: 'unknown', why })

/** Voting members, by the ensemble's own configuration, by what its servers count, or null: a single server is none of an ensemble. */
export function countVoters({ members, servers }: Pick<HealthFacts, 'members' | 'servers'>): number | null {
  const voters = members?.filter(({ isVoter }) => isVoter).length ?? 0
  if (voters > 0) return voters
  if (servers.some(({ role }) => role === 'standalone')) return null
  const counted = Math.max(0, ...servers.map(({ quorumSize }) => quorumSize ?? 0))
  return counted > 0 ? counted : null
}

export const namesOf = (servers: readonly { readonly server: string }[]) => servers.map(({ server }) => server)
