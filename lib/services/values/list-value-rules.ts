import { KNOWN_SECRETS } from '../../domain/value/known-secrets.ts'
import type { ServiceContext } from '../context.ts'
import { canSee } from '../seen-by.ts'
import { RULE_COLUMNS, readKnownSwitches, storedRuleSchema } from './load-value-rules.ts'
import type { ValueRulesView } from './views.ts'

/** Every rule of what somebody sees: what is hidden is no secret, only the values are. */
export async function listValueRules(context: Pick<ServiceContext, 'actor' | 'db'>): Promise<ValueRulesView> {
  const { actor, db } = context
  const all = await db.valueRule.findMany({
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { ...RULE_COLUMNS, createdById: true, createdAt: true },
  })
  const rows = all.filter(({ clusterId }) => clusterId === null || canSee(actor, clusterId))
  const people = await db.user.findMany({
    where: { id: { in: [...new Set(rows.map((row) => row.createdById))] } },
    select: { id: true, name: true },
  })
  const clusters = await db.cluster.findMany({
    where: { id: { in: [...new Set(rows.flatMap(({ clusterId }) => (clusterId === null ? [] : [clusterId])))] } },
    select: { id: true, name: true },
  })
  const personNames = new Map(people.map(({ id, name }) => [id, name]))
  const clusterNames = new Map(clusters.map(({ id, name }) => [id, name]))
  const switches = await readKnownSwitches(context)
  return {
    rules: rows.map(({ createdById, createdAt, ...row }) => ({
      ...storedRuleSchema.parse(row),
      clusterName: row.clusterId === null ? null : (clusterNames.get(row.clusterId) ?? 'a removed cluster'),
      createdByName: personNames.get(createdById) ?? 'a removed user',
      createdAt: createdAt.toISOString(),
    })),
    known: KNOWN_SECRETS.map(({ id, pattern, what }) => ({
      id,
      pattern,
      what,
      ...(switches[id] ?? { enabled: true, recordsReads: false }),
    })),
  }
}
