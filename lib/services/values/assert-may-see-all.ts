import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { Mutation } from '../gate.ts'
import { loadValueMask } from './value-mask.ts'

/**
 * For what holds every value of a cluster at once, whole files for example: whoever takes it must have the right to reveal each of them.
 * Throws FORBIDDEN, after a `denied` entry.
 */
export async function assertMaySeeAll(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db'>,
  what: Mutation & { readonly cluster: { readonly id: string; readonly name: string } },
): Promise<void> {
  const rule = (await loadValueMask(context, what.cluster.id)).findObstacle()
  if (rule === null) return
  const message = `${what.action} gives out all values of ${what.cluster.name}, and a rule keeps those at ${rule.pattern} for the role ${rule.leastRole}`
  await writeAudit(context.db, context, { ...what, outcome: 'denied', message })
  throw new ServiceError('FORBIDDEN', message, {
    unaffected: 'nothing was given out',
    remedy: `ask somebody with the role ${rule.leastRole} there`,
  })
}
