import type { z } from 'zod'
import {
  defaultSettings,
  RULE_IDS,
  type RuleId,
  type RuleSettings,
  readSettings,
  ruleOf,
} from '../../domain/alerts/rules.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { resetAlertRuleSchema, setAlertRuleSchema } from './schemas.ts'
import type { AlertRuleView } from './views.ts'

/** What holds of a rule at a cluster, or of one of the installation's (null). */
export type SettingsOf = (rule: RuleId, clusterId: string | null) => RuleSettings

const idOf = (clusterId: string | null, rule: string) => `${clusterId ?? '*'}:${rule}`

/** All at once, for whoever looks at every rule of every cluster. */
export async function loadSettings({ db }: Pick<ServiceContext, 'db'>): Promise<SettingsOf> {
  const rows = await db.alertRule.findMany()
  const stored = new Map(rows.map((row) => [row.id, row]))
  const known = new Map<string, RuleSettings>()
  return (rule, clusterId) => {
    const row = stored.get(idOf(clusterId, rule)) ?? stored.get(idOf(null, rule))
    const key = row?.id ?? rule
    const settings = known.get(key) ?? (row ? readSettings(rule, row) : defaultSettings(rule))
    known.set(key, settings)
    return settings
  }
}

/** The rules as they hold at a cluster; null: the defaults of all clusters, and the rules of the installation. */
export async function listAlertRules(context: ServiceContext, clusterId: string | null): Promise<AlertRuleView[]> {
  const place = clusterId === null ? null : (await getClusterForWriting(context, clusterId)).id
  const rows = await context.db.alertRule.findMany({ where: { OR: [{ clusterId: place }, { clusterId: null }] } })
  const settingsOf = await loadSettings(context)
  return RULE_IDS.filter((rule) => place === null || ruleOf(rule).of === 'cluster').map((rule) => ({
    rule,
    settings: settingsOf(rule, place),
    isOwn: rows.some((row) => row.id === idOf(place, rule)),
    inherited: place === null ? defaultSettings(rule) : settingsOf(rule, null),
  }))
}

export async function setAlertRule(context: ServiceContext, input: z.input<typeof setAlertRuleSchema>): Promise<void> {
  const { clusterId, rule, enabled, severity, numbers } = parseInput(setAlertRuleSchema, input)
  const cluster = clusterId === null ? null : await getClusterForWriting(context, clusterId)
  const names = Object.keys(ruleOf(rule as RuleId).numbers)
  const kept = Object.fromEntries(names.map((name) => [name, numbers[name] ?? null]))
  const after = { rule, enabled, severity, ...kept }
  await mutate(context, { action: 'alert.set-rule', cluster, after }, async (tx, record) => {
    const id = idOf(cluster?.id ?? null, rule)
    const before = await tx.alertRule.findUnique({ where: { id } })
    record({ before: before ? factsOf(before) : { rule, own: false } })
    const data = { enabled, severity, numbers: kept }
    await tx.alertRule.upsert({
      where: { id },
      create: { id, clusterId: cluster?.id ?? null, rule, ...data },
      update: data,
      select: { id: true },
    })
  })
}

/** In the words of `after`. */
function factsOf({
  rule,
  enabled,
  severity,
  numbers,
}: {
  rule: string
  enabled: boolean
  severity: string | null
  numbers: unknown
}) {
  const known = typeof numbers === 'object' && numbers !== null && !Array.isArray(numbers) ? numbers : {}
  return { rule, enabled, severity, ...(known as Readonly<Record<string, number | null>>) }
}

/** A cluster follows the default again, and the default what the rule comes with. */
export async function resetAlertRule(
  context: ServiceContext,
  input: z.input<typeof resetAlertRuleSchema>,
): Promise<void> {
  const { clusterId, rule } = parseInput(resetAlertRuleSchema, input)
  const cluster = clusterId === null ? null : await getClusterForWriting(context, clusterId)
  await mutate(context, { action: 'alert.set-rule', cluster, after: { rule, own: false } }, async (tx, record) => {
    const where = { id: idOf(cluster?.id ?? null, rule) }
    const before = await tx.alertRule.findUnique({ where })
    if (before) record({ before: factsOf(before) })
    await tx.alertRule.deleteMany({ where })
  })
}
