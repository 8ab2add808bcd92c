import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { removeIgnoreRuleSchema } from './schemas.ts'

/** What the rule hid is shown again, in every diff. */
export async function removeIgnoreRule(
  context: ServiceContext,
  input: z.input<typeof removeIgnoreRuleSchema>,
): Promise<void> {
  const { ruleId } = parseInput(removeIgnoreRuleSchema, input)
  const rule = await context.db.ignoreRule.findUnique({
    where: { id: ruleId },
    select: { clusterId: true, pattern: true, note: true },
  })
  if (!rule) throw new ServiceError('NOT_FOUND', 'There is no such ignore rule', { unaffected: 'nothing was changed' })
  const cluster = await context.db.cluster.findUnique({
    where: { id: rule.clusterId },
    select: { id: true, name: true },
  })
  await mutate(
    context,
    { action: 'cluster.unignore', cluster, before: { rule: ruleId, pattern: rule.pattern, note: rule.note } },
    async (tx) => {
      const { count } = await tx.ignoreRule.deleteMany({ where: { id: ruleId } })
      if (count === 0) throw new ServiceError('NOT_FOUND', 'Somebody else has removed it already')
    },
  )
}
