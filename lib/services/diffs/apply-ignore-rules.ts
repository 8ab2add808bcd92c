import { IgnoreRules } from '../../domain/diff/ignore-rules.ts'
import { ChangeRollupBuilder } from '../../domain/diff/summarize-changes.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { freezeIgnoreRules, frozenRulesSchema } from '../ignore-rules/list-ignore-rules.ts'
import type { FrozenIgnoreRule } from '../ignore-rules/views.ts'
import { readChanges } from './diff-file.ts'
import { type DiffRow, getReadyDiff } from './to-diff-view.ts'
import type { IgnoredView } from './views.ts'

// Rules are applied when a diff is read, never when it is made: its files hold every change, so a rule that was too wide has lost nothing,
// and one made on the diff's page shows its effect at once. An old diff is thus shown under the rules of today: each keeps those that were
// in force when it was made, and the page says when they are others now. A plan keeps its own copy, which nothing changes any more.

export type AppliedRules = IgnoreRules<FrozenIgnoreRule>

/** The rules of today for a diff, and a key that changes with them. */
export async function findRulesFor(
  context: Pick<ServiceContext, 'db'>,
  diff: Pick<DiffRow, 'clusterId'>,
): Promise<{ readonly rules: readonly FrozenIgnoreRule[]; readonly applied: AppliedRules; readonly key: string }> {
  const rules = await freezeIgnoreRules(context, diff.clusterId)
  return { rules, applied: new IgnoreRules(rules), key: rules.map(({ id }) => id).join() }
}

const TOP_ROWS_MAX = 50
const KEPT_MAX = 32
/** A diff never changes and a rule neither, so that a count over all of it is made once. */
const kept = new Map<string, Promise<Omit<IgnoredView, 'changedSince' | 'rulesKey'>>>()

/** What the rules of today hide in a diff, by rule, and what is left. */
export async function getIgnored(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  diffId: string,
): Promise<IgnoredView> {
  const diff = await getReadyDiff(context, diffId)
  const { rules, applied, key } = await findRulesFor(context, diff)
  const then = frozenRulesSchema.safeParse(diff.ignoreRules).data ?? null
  const changedSince = then !== null && then.map(({ id }) => id).join() !== key
  const at = `${diff.id} ${key}`
  const known = kept.get(at) ?? count(() => context.workFiles.fetch(diff.dir), diff.path, rules, applied)
  kept.delete(at)
  kept.set(at, known)
  known.catch(() => kept.delete(at))
  const oldest = kept.keys().next()
  if (kept.size > KEPT_MAX && !oldest.done) kept.delete(oldest.value)
  return { ...(await known), changedSince, rulesKey: key }
}

async function count(
  fetchDir: () => Promise<string>,
  root: string,
  rules: readonly FrozenIgnoreRule[],
  applied: AppliedRules,
): Promise<Omit<IgnoredView, 'changedSince' | 'rulesKey'>> {
  const hiddenBy = new Map<string, number>()
  const byField = { data: 0, acl: 0, kind: 0 }
  const rollup = new ChangeRollupBuilder({ root, depthMax: 1 })
  // Without rules nothing is hidden, and the summary of the diff says all there is to say.
  if (applied.isEmpty) return { hidden: 0, rules: [], visible: null }
  for await (const record of readChanges(await fetchDir(), ROOT)) {
    const rule = applied.find(record)
    if (rule) hiddenBy.set(rule.id, (hiddenBy.get(rule.id) ?? 0) + 1)
    else {
      rollup.add([{ ...record, before: null, after: null }])
      for (const field of record.fields) byField[field]++
    }
  }
  const { total, rows } = rollup.rollup()
  return {
    hidden: [...hiddenBy.values()].reduce((sum, each) => sum + each, 0),
    rules: rules.map((rule) => ({ ...rule, hidden: hiddenBy.get(rule.id) ?? 0 })),
    visible: {
      added: total.added,
      removed: total.removed,
      changed: total.changed,
      byField,
      byTop: rows
        .map(({ path, added, removed, changed }) => ({ path, added, removed, changed }))
        .sort((a, b) => b.added + b.removed + b.changed - (a.added + a.removed + a.changed))
        .slice(0, TOP_ROWS_MAX),
    },
  }
}
