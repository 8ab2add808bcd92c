import { z } from 'zod'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { KNOWN_SECRETS } from '../../domain/value/known-secrets.ts'
import { VALUE_ROLES, type ValueRule, ValueRules } from '../../domain/value/value-rules.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { splitConnectString } from '../engine/connect-string.ts'

export interface RulesLookup {
  readonly db: Pick<Prisma.TransactionClient, 'valueRule' | 'setting' | 'cluster'>
}

/** A rule with what people are told of it. */
export interface ToldRule extends ValueRule {
  readonly because: string
}

/** Stored as JSON under this key: what was changed of the rules that Arkeeper comes with. */
export const KNOWN_SETTING = 'value-rules.known'
const switchesSchema = z.record(z.string(), z.object({ enabled: z.boolean(), recordsReads: z.boolean() }))
export type KnownSwitches = z.infer<typeof switchesSchema>

export const RULE_COLUMNS = {
  id: true,
  clusterId: true,
  pattern: true,
  ignoreCase: true,
  effect: true,
  leastRole: true,
  recordsReads: true,
  note: true,
} as const

/** What this version does not know is taken for the strictest there is. */
export const storedRuleSchema = z.object({
  id: z.string(),
  clusterId: z.string().nullable(),
  pattern: z.string(),
  ignoreCase: z.boolean(),
  effect: z.enum(['mask', 'forbid', 'record']).catch('mask'),
  leastRole: z.enum(VALUE_ROLES).catch('admin'),
  recordsReads: z.boolean(),
  note: z.string(),
})

export async function readKnownSwitches({ db }: Pick<RulesLookup, 'db'>): Promise<KnownSwitches> {
  const row = await db.setting.findUnique({ where: { key: KNOWN_SETTING }, select: { value: true } })
  if (!row) return {}
  // What cannot be understood switches nothing off.
  const json: unknown = parseJson(row.value)
  return switchesSchema.safeParse(json).data ?? {}
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export interface RulesInForce {
  readonly rules: ValueRules<ToldRule>
  readonly all: readonly ToldRule[]
  /** Put before a path for a second look: a rule may be meant for the ensemble's own paths. Empty where there is no chroot. */
  readonly chroot: string
}

/** Everything that holds at a cluster. A null id: only what holds at all of them. */
export async function loadValueRules({ db }: RulesLookup, clusterId: string | null): Promise<RulesInForce> {
  const rows = await db.valueRule.findMany({
    where: clusterId === null ? { clusterId: null } : { OR: [{ clusterId: null }, { clusterId }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: RULE_COLUMNS,
  })
  const switches = await readKnownSwitches({ db })
  const cluster =
    clusterId === null
      ? null
      : await db.cluster.findUnique({ where: { id: clusterId }, select: { connectString: true } })
  const chroot = cluster ? splitConnectString(cluster.connectString).chroot : ROOT
  const own = rows.map((row): ToldRule => {
    const rule = storedRuleSchema.parse(row)
    return { ...rule, because: rule.note }
  })
  const known = KNOWN_SECRETS.flatMap((rule): ToldRule[] => {
    const state = switches[rule.id] ?? { enabled: true, recordsReads: false }
    return state.enabled ? [{ ...rule, recordsReads: state.recordsReads, because: rule.what }] : []
  })
  const all = [...own, ...known]
  return { rules: compiled(all), all, chroot: chroot === ROOT ? '' : chroot }
}

const KEPT_MAX = 16
const kept = new Map<string, ValueRules<ToldRule>>()

/** Rules change seldom and are asked all the time: what was compiled for the same ones is used again. */
function compiled(all: readonly ToldRule[]): ValueRules<ToldRule> {
  const key = JSON.stringify(all)
  const known = kept.get(key) ?? new ValueRules(all)
  kept.delete(key)
  kept.set(key, known)
  const oldest = kept.keys().next()
  if (kept.size > KEPT_MAX && !oldest.done) kept.delete(oldest.value)
  return known
}
