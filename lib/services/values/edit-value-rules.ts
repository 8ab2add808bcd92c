import type { z } from 'zod'
import { KNOWN_SECRETS } from '../../domain/value/known-secrets.ts'
import type { AuditFacts } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { KNOWN_SETTING, RULE_COLUMNS, readKnownSwitches, storedRuleSchema } from './load-value-rules.ts'
import {
  addValueRuleSchema,
  changeValueRuleSchema,
  removeValueRuleSchema,
  switchKnownSecretSchema,
  VALUE_RULES_MAX,
} from './schemas.ts'

type Rule = z.output<typeof addValueRuleSchema>

/** Holds from the next answer on, for everybody and for what was stored before. */
export async function addValueRule(
  context: ServiceContext,
  input: z.input<typeof addValueRuleSchema>,
): Promise<{ readonly ruleId: string }> {
  const rule = tidy(parseInput(addValueRuleSchema, input))
  const cluster = await findCluster(context, rule.clusterId)
  const ruleId = context.newId()
  const mutation = { action: 'value-rule.add', cluster, reason: rule.note, after: toFacts(ruleId, rule) } as const
  await mutate(context, mutation, async (tx) => {
    const count = await tx.valueRule.count()
    if (count >= VALUE_RULES_MAX) {
      throw new ServiceError('TOO_MANY', `There are ${count} rules already`, {
        unaffected: 'nothing was changed',
        remedy: 'remove what is not needed any more, or use a wider pattern',
      })
    }
    await assertNew(tx, rule, null)
    const createdById = context.actor.id ?? 'system'
    const createdAt = new Date(context.clock.now())
    await tx.valueRule.create({ data: { id: ruleId, ...rule, createdById, createdAt }, select: { id: true } })
  })
  return { ruleId }
}

export async function changeValueRule(
  context: ServiceContext,
  input: z.input<typeof changeValueRuleSchema>,
): Promise<void> {
  const { ruleId, ...parsed } = parseInput(changeValueRuleSchema, input)
  const rule = tidy(parsed)
  const former = await getRule(context, ruleId)
  const cluster = await findCluster(context, rule.clusterId)
  const mutation = {
    action: 'value-rule.change',
    // Moved from one cluster to another, both have a say; overall, only who is administrator overall.
    cluster: former.clusterId === null ? null : cluster,
    otherClusterId: former.clusterId,
    reason: rule.note,
    before: toFacts(ruleId, former),
    after: toFacts(ruleId, rule),
  } as const
  await mutate(context, mutation, async (tx) => {
    await assertNew(tx, rule, ruleId)
    const { count } = await tx.valueRule.updateMany({ where: { id: ruleId }, data: rule })
    if (count === 0) throw gone()
  })
}

export async function removeValueRule(
  context: ServiceContext,
  input: z.input<typeof removeValueRuleSchema>,
): Promise<void> {
  const { ruleId } = parseInput(removeValueRuleSchema, input)
  const rule = await getRule(context, ruleId)
  const cluster = rule.clusterId === null ? null : { id: rule.clusterId, name: await nameOf(context, rule.clusterId) }
  await mutate(context, { action: 'value-rule.remove', cluster, before: toFacts(ruleId, rule) }, async (tx) => {
    const { count } = await tx.valueRule.deleteMany({ where: { id: ruleId } })
    if (count === 0) throw gone()
  })
}

/** A rule that Arkeeper comes with: on or off, and whether reads of what it matches are put on record. */
export async function switchKnownSecret(
  context: ServiceContext,
  input: z.input<typeof switchKnownSecretSchema>,
): Promise<void> {
  const { ruleId, ...state } = parseInput(switchKnownSecretSchema, input)
  const rule = KNOWN_SECRETS.find(({ id }) => id === ruleId)
  if (!rule) throw gone()
  const { pattern } = rule
  await mutate(
    context,
    { action: 'value-rule.switch', after: { rule: ruleId, pattern, ...state } },
    async (tx, record) => {
      const switches = await readKnownSwitches({ db: tx })
      const former = switches[ruleId] ?? { enabled: true, recordsReads: false }
      record({ before: { rule: ruleId, pattern, ...former } })
      const value = JSON.stringify({ ...switches, [ruleId]: state })
      await tx.setting.upsert({
        where: { key: KNOWN_SETTING },
        create: { key: KNOWN_SETTING, value },
        update: { value },
        select: { key: true },
      })
    },
  )
}

/** A rule that only records does nothing else, and does that. */
function tidy(rule: Rule): Rule {
  return rule.effect === 'record' ? { ...rule, leastRole: 'viewer', recordsReads: true } : rule
}

function toFacts(ruleId: string, rule: Rule): AuditFacts {
  const { pattern, effect, leastRole, recordsReads, ignoreCase, note, clusterId } = rule
  return { rule: ruleId, pattern, effect, leastRole, recordsReads, ignoreCase, note, where: clusterId ?? 'everywhere' }
}

async function getRule(context: Pick<ServiceContext, 'db'>, ruleId: string): Promise<Rule> {
  const row = await context.db.valueRule.findUnique({ where: { id: ruleId }, select: RULE_COLUMNS })
  if (!row) throw gone()
  const { id: _id, ...rule } = storedRuleSchema.parse(row)
  return rule
}

async function findCluster(context: Pick<ServiceContext, 'db'>, clusterId: string | null) {
  if (clusterId === null) return null
  const cluster = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  return cluster
}

async function nameOf(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string> {
  const cluster = await context.db.cluster.findUnique({ where: { id: clusterId }, select: { name: true } })
  return cluster?.name ?? clusterId
}

async function assertNew(tx: Transaction, rule: Rule, ownId: string | null): Promise<void> {
  const { clusterId, pattern, effect } = rule
  const known = await tx.valueRule.findFirst({
    where: { clusterId, pattern, effect, ...(ownId === null ? {} : { id: { not: ownId } }) },
    select: { id: true },
  })
  if (!known) return
  const message = 'There is such a rule already'
  throw new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was changed',
    details: { fields: { pattern: message } },
  })
}

function gone(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no such rule', { unaffected: 'nothing was changed' })
}
