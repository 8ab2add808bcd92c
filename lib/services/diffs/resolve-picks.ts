import type { z } from 'zod'
import { comparePaths } from '../../domain/znode/order.ts'
import { findPathFault, isWithin } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { parseRoots } from '../engine/scope.ts'
import { parseInput } from '../parse-input.ts'
import { findRulesFor } from './apply-ignore-rules.ts'
import { type ChangeRecord, readChanges } from './diff-file.ts'
import { resolvePicksSchema } from './schemas.ts'
import { getReadyDiff } from './to-diff-view.ts'
import type { ChangeCounts, PickedChangeView, ResolvedPicksView } from './views.ts'

const DROPPED_LISTED_MAX = 20

/**
 * The picks of a link as the diff knows them: what they stand for is counted here and never believed from outside. A pick that stands for
 * no change that is shown is dropped and named.
 */
export async function resolvePicks(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  input: z.input<typeof resolvePicksSchema>,
): Promise<ResolvedPicksView> {
  const { diffId, paths, subtrees, ignored } = parseInput(resolvePicksSchema, input)
  const diff = await getReadyDiff(context, diffId)
  const { applied } = await findRulesFor(context, diff)
  const dropped: string[] = []
  const wanted = sortPicks(paths.filter(isPath), subtrees.filter(isPath))
  for (const text of [...paths, ...subtrees]) if (!isPath(text)) dropped.push(text)
  const isShown = (record: ChangeRecord) => ignored === 'show' || applied.find(record) === null
  const from = wanted[0]?.path
  if (from !== undefined) {
    await countPicks(readChanges(await context.workFiles.fetch(diff.dir), from), wanted, isShown)
  }
  const picks = wanted.filter(({ counts }) => counts.added + counts.removed + counts.changed > 0)
  for (const pick of wanted) if (!picks.includes(pick)) dropped.push(pick.path)
  return { picks, dropped: dropped.slice(0, DROPPED_LISTED_MAX), droppedCount: dropped.length }
}

interface Counted extends PickedChangeView {
  readonly counts: { -readonly [kind in keyof ChangeCounts]: number }
}

/** In path order; a picked subtree holds no other pick below it. */
export function sortPicks(paths: readonly string[], subtrees: readonly string[]): Counted[] {
  const roots = subtrees.length > 0 ? parseRoots(subtrees) : []
  const alone = [...new Set(paths)].filter((path) => !roots.some((root) => isWithin(path, root)))
  const none = () => ({ added: 0, removed: 0, changed: 0 })
  return [
    ...roots.map((path) => ({ path, subtree: true, counts: none() })),
    ...alone.map((path) => ({ path, subtree: false, counts: none() })),
  ].sort((a, b) => comparePaths(a.path, b.path))
}

/** One pass over the records, which are in path order as the picks are: it ends behind the last pick. */
export async function countPicks(
  records: AsyncIterable<ChangeRecord>,
  picks: readonly Counted[],
  isShown: (record: ChangeRecord) => boolean,
): Promise<void> {
  let at = 0
  for await (const record of records) {
    for (let pick = picks[at]; pick && isBehind(pick, record.path); pick = picks[++at]);
    const pick = picks[at]
    if (!pick) return
    const isIn = pick.subtree ? isWithin(record.path, pick.path) : record.path === pick.path
    if (isIn && isShown(record)) pick.counts[record.change]++
  }
}

function isBehind(pick: Counted, path: string): boolean {
  return comparePaths(pick.path, path) < 0 && !(pick.subtree && isWithin(path, pick.path))
}

const isPath = (text: string): boolean => findPathFault(text) === null
