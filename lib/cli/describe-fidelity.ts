import { countOf } from '../base/count-of.ts'
import type { Listing, PlanFidelity } from '../domain/restore/fidelity.ts'
import type { RunFidelity } from '../services/engine/fidelity-schema.ts'

/** The `fidelity` of `restore --json`: the plan's, and after a run what reading back has shown. Null for plans of before it was told. */
export function describeFidelity(plan: PlanFidelity | null, run: RunFidelity | null): unknown {
  if (plan === null) return null
  if (run === null) return plan
  return { ...plan, acls: { ...plan.acls, ...run.acls }, counters: { ...plan.counters, ...run.counters } }
}

const SHOWN_MAX = 10

/** What is not carried, one thing a line; nothing where everything is. */
export function fidelityLines(plan: PlanFidelity | null, run: RunFidelity | null): string[] {
  if (plan === null) return []
  const { kinds, acls, counters, quotas, ephemerals } = plan
  const lines = [
    ...shown(
      ephemerals.left,
      ({ path, owner, session }) => `ephemeral ${path} of session ${owner}${OWNER_WORDS[session]}`,
    ),
    ...shown(
      counters.left,
      ({ path, next, source, reason }) =>
        `counter   ${path} goes on with ${next}, not ${source}: ${COUNTER_WORDS[reason]}`,
    ),
    ...shown(counters.advanced, ({ path, from, to }) => `counter   ${path} is advanced from ${from} to ${to}`),
    ...shown(
      kinds.differing,
      ({ path, live, source }) => `kind      ${path} stays ${live}, it is ${source} in the source`,
    ),
    ...shown(
      kinds.untold,
      ({ path, source }) =>
        `kind      ${path} is ${source} in the source, unknown by the client protocol on the cluster`,
    ),
  ]
  if (kinds.unknown.total > 0)
    lines.push(
      `kind      unknown by the client protocol in the source: ${countOf(kinds.unknown.total, 'znode')} created as persistent`,
    )
  if (acls.masked.total > 0) lines.push(`ACL       hidden in the source: ${countOf(acls.masked.total, 'list')}`)
  if (counters.advanced.total > 0)
    lines.push(
      `counters  ${counters.operations} creates and deletes in about ${countOf(counters.batches, 'transaction')}`,
    )
  if (quotas.obstacle !== null) lines.push(`quotas    not restored: ${quotas.obstacle}`)
  else if (quotas.left) lines.push(`quotas    left, --quotas restores them: ${quotas.left}`)
  if (run !== null) {
    const { compared, hidden, unresolved } = run.acls
    lines.push(`ACLs      ${compared} read back and compared, ${hidden + unresolved} could not be`)
    if (run.counters.checked > 0) lines.push(`counters  ${run.counters.reached} of ${run.counters.checked} reached`)
  }
  return lines
}

const OWNER_WORDS = {
  alive: '',
  dead: ', which was not alive in the source',
  unknown: '; whether it was alive in the source is not known',
} as const

const COUNTER_WORDS = {
  left: '--counters burn advances it',
  cap: 'physical restore only, it needs more operations than --counters-cap allows',
  'empty-container': 'physical restore only, an empty container is removed once it has had a child',
  'no-rights': 'physical restore only, this session may not make and remove children there',
  'too-many': 'physical restore only, there are too many such parents',
} as const

function shown<T>(listing: Listing<T>, line: (item: T) => string): string[] {
  const lines = listing.listed.slice(0, SHOWN_MAX).map(line)
  const rest = listing.total - lines.length
  return rest > 0 ? [...lines, `          … and ${rest} more`] : lines
}
