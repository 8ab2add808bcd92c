import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { listIgnoreRules } from './list-ignore-rules.ts'
import { addIgnoreRuleSchema, IGNORE_RULES_MAX } from './schemas.ts'

/** From now on every diff of the cluster hides these changes, older ones included. Nothing is written to ZooKeeper. */
export async function addIgnoreRule(
  context: ServiceContext,
  input: z.input<typeof addIgnoreRuleSchema>,
): Promise<{ readonly ruleId: string }> {
  const { clusterId, pattern, note, fields: given } = parseInput(addIgnoreRuleSchema, input)
  const fields = [...new Set(given)].sort()
  const { id, name } = await getClusterForWriting(context, clusterId)
  const ruleId = context.newId()
  await mutate(
    context,
    {
      action: 'cluster.ignore',
      cluster: { id, name },
      reason: note,
      after: { rule: ruleId, pattern, fields: fields.join(' ') || 'all' },
    },
    async (tx) => {
      const known = await listIgnoreRules({ db: tx }, clusterId)
      if (known.length >= IGNORE_RULES_MAX) {
        throw new ServiceError('TOO_MANY', `${name} has ${known.length} ignore rules already`, {
          unaffected: 'nothing was changed',
          remedy: 'remove what is not needed any more, or use a wider pattern',
        })
      }
      if (known.some((rule) => rule.pattern === pattern && [...rule.fields].sort().join() === fields.join())) {
        const message = 'There is such a rule already'
        throw new ServiceError('INVALID_INPUT', message, {
          unaffected: 'nothing was changed',
          details: { fields: { pattern: message } },
        })
      }
      await tx.ignoreRule.create({
        data: {
          id: ruleId,
          clusterId,
          pattern,
          fields,
          note,
          createdById: context.actor.id ?? 'system',
          createdAt: new Date(context.clock.now()),
        },
        select: { id: true },
      })
    },
  )
  return { ruleId }
}
