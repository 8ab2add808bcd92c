import type { Prisma } from '../../adapters/database/generated/client.ts'
import { isEmptyPolicy } from '../../domain/retention/keep-policy.ts'
import { DEFAULT_POLICY, type KeepRules, keepRulesSchema } from './schemas.ts'

export interface Policy {
  /** Where it is from. */
  readonly of: 'cluster' | 'default'
  readonly enabled: boolean
  readonly rules: KeepRules
  readonly revision: number
}

type Reads = Pick<Prisma.TransactionClient, 'keepPolicy'>

/** The rules that hold for a cluster: its own, or those of all. Null: none, so that everything stays. */
export async function findPolicy(db: Reads, clusterId: string): Promise<Policy | null> {
  return (await findOwnPolicy(db, clusterId)) ?? (await findOwnPolicy(db, DEFAULT_POLICY))
}

/** `id`: a cluster's, or DEFAULT_POLICY. */
export async function findOwnPolicy(db: Reads, id: string): Promise<Policy | null> {
  const row = await db.keepPolicy.findUnique({
    where: { id },
    select: { enabled: true, rules: true, revision: true },
  })
  if (!row) return null
  const rules = keepRulesSchema.safeParse(row.rules).data
  const of = id === DEFAULT_POLICY ? 'default' : 'cluster'
  // Rules that this version cannot read remove nothing.
  if (!rules) return { of, enabled: false, rules: EVERYTHING, revision: row.revision }
  return { of, enabled: row.enabled && !isEmptyPolicy(rules), rules, revision: row.revision }
}

const EVERYTHING: KeepRules = {
  timeZone: 'UTC',
  last: 10_000,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  atLeast: 10_000,
  minAgeDays: 36_500,
  safetyDays: 36_500,
  unsoundDays: 36_500,
  graceDays: 365,
  when: 'daily',
  hour: 3,
  logDays: null,
}
