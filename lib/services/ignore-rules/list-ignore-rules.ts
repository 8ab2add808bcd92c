import { z } from 'zod'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { FrozenIgnoreRule, IgnoreRuleView } from './views.ts'

interface Lookup {
  readonly db: Pick<Prisma.TransactionClient, 'ignoreRule' | 'user'>
}

export const frozenRulesSchema = z.array(
  z.object({
    id: z.string(),
    pattern: z.string(),
    fields: z.array(z.enum(['data', 'acl', 'kind'])),
    note: z.string(),
  }),
)

/** In the order in which they were made, which is the order in which they are asked. */
export async function listIgnoreRules(context: Lookup, clusterId: string): Promise<IgnoreRuleView[]> {
  const rows = await context.db.ignoreRule.findMany({
    where: { clusterId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { id: true, pattern: true, fields: true, note: true, createdById: true, createdAt: true },
  })
  const people = await context.db.user.findMany({
    where: { id: { in: [...new Set(rows.map((row) => row.createdById))] } },
    select: { id: true, name: true },
  })
  const names = new Map(people.map(({ id, name }) => [id, name]))
  return rows.map(({ createdById, createdAt, ...row }) => ({
    ...frozenRulesSchema.element.parse(row),
    createdByName: names.get(createdById) ?? 'a removed user',
    createdAt: createdAt.toISOString(),
  }))
}

/** The rules of a cluster as plain facts, to be kept with what they were applied to. None for a diff of no cluster. */
export async function freezeIgnoreRules(context: Lookup, clusterId: string | null): Promise<FrozenIgnoreRule[]> {
  if (clusterId === null) return []
  const rules = await listIgnoreRules(context, clusterId)
  return rules.map(({ id, pattern, fields, note }) => ({ id, pattern, fields: [...fields], note }))
}
