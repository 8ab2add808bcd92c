import type { ValueRuleView } from '@/lib/services/values/views.ts'

/** What a rule does, in one clause. */
export function describeEffect({
  effect,
  leastRole,
  recordsReads,
}: Pick<ValueRuleView, 'effect' | 'leastRole' | 'recordsReads'>): string {
  if (effect === 'record') return 'shown; every read is recorded'
  const recorded = recordsReads ? '; every read is recorded' : ''
  const who = leastRole === 'viewer' ? 'anybody' : leastRole === 'operator' ? 'an operator' : 'an administrator'
  if (effect === 'mask') return `masked until ${who} reveals it${recorded}`
  return `${leastRole === 'viewer' ? 'shown to everybody' : `shown from the role ${leastRole} on`}${recorded}`
}
