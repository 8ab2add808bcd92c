import { countOf } from '../../base/count-of.ts'
import type { PlanWarning } from '../restore/plan.ts'
import { joinPath, ROOT } from '../znode/path.ts'
import type { GuardedAct, GuardedApplication, GuardedNode } from './application.ts'
import type { GuardMatcher } from './guard-matcher.ts'
import { bySeverity } from './severity.ts'

/** Places of one entry that are looked at: a ClickHouse has one a table. */
const PLACES_MAX = 500
const PATHS_SHOWN = 3

/** Somewhere an application may live: it does where one of its signatures is there. */
export interface GuardedPlace {
  readonly application: GuardedApplication
  readonly root: string
}

interface Hits {
  count: number
  readonly acts: Set<GuardedAct>
  readonly first: string[]
}

/**
 * Counts what a plan does to znodes of applications, as its steps stream by. Holds counts and the first paths of each pattern and
 * place, never all paths.
 */
export class ApplicationTally {
  readonly #matcher: GuardMatcher
  /** application → root → node → what is done to it. */
  readonly #hits = new Map<GuardedApplication, Map<string, Map<GuardedNode, Hits>>>()
  /** Paths at places beyond the limit, by application. */
  readonly #unchecked = new Map<GuardedApplication, Hits>()

  constructor(matcher: GuardMatcher) {
    this.#matcher = matcher
  }

  add(path: string, act: GuardedAct): void {
    for (const { application, node, root } of this.#matcher.match(path, act)) {
      const places = getOrMake(this.#hits, application, () => new Map<string, Map<GuardedNode, Hits>>())
      if (!places.has(root) && places.size >= PLACES_MAX) {
        count(getOrMake(this.#unchecked, application, noHits), path, act)
        continue
      }
      const nodes = getOrMake(places, root, () => new Map<GuardedNode, Hits>())
      count(getOrMake(nodes, node, noHits), path, act)
    }
  }

  /** Where to look for signatures before `warnings` is asked. */
  places(): GuardedPlace[] {
    return [...this.#hits].flatMap(([application, places]) => [...places.keys()].map((root) => ({ application, root })))
  }

  /** One line a pattern, over all places where its application lives; the dangerous ones first. */
  warnings(isThere: (place: GuardedPlace) => boolean): PlanWarning[] {
    const warnings: PlanWarning[] = []
    for (const [application, places] of this.#hits) {
      const there = [...places].filter(([root]) => isThere({ application, root }))
      for (const node of application.nodes) {
        const total = sumOf(there.flatMap(([, nodes]) => nodes.get(node) ?? []))
        if (total.count > 0) warnings.push(toWarning(application, node, total))
      }
      const unchecked = this.#unchecked.get(application)
      if (there.length > 0 && unchecked) warnings.push(toUnchecked(application, unchecked))
    }
    return warnings.sort(bySeverity)
  }
}

/** The absolute paths of an entry's signatures at a place. */
export function signaturesAt({ application, root }: GuardedPlace): string[][] {
  return application.signatures.map((paths) =>
    paths.map((path) => (root === ROOT ? path : joinPath(root, path.slice(1)))),
  )
}

function toWarning(application: GuardedApplication, node: GuardedNode, hits: Hits): PlanWarning {
  const acts = (['create', 'change', 'delete'] as const)
    .filter((act) => hits.acts.has(act))
    .map((act) => ACT_WORDS[act])
  return {
    code: `application-${node.what}`,
    path: hits.first[0]!,
    message: `${application.application} ${KIND_WORDS[node.what]}: ${countOf(hits.count, 'znode')} ${acts.join(' or ')}: ${list(hits)}`,
    severity: node.severity,
    advice: node.advice,
  }
}

function toUnchecked({ application }: GuardedApplication, hits: Hits): PlanWarning {
  const what = `may belong to ${application}: it has more than ${PLACES_MAX} places here, and these were not looked at`
  const message = `${countOf(hits.count, 'more znode')} ${what}: ${list(hits)}`
  return { code: 'application-unchecked', path: hits.first[0]!, message, severity: 'note' }
}

const ACT_WORDS: Record<GuardedAct, string> = { create: 'created', change: 'changed', delete: 'deleted' }
const KIND_WORDS: Record<GuardedNode['what'], string> = {
  runtime: 'writes these for itself while it runs',
  config: 'keeps its settings here',
  counter: 'counts here and must not count back',
  lock: 'keeps locks here',
  election: 'elects its leader here',
}

function list({ count: total, first }: Hits): string {
  return total > first.length ? `${first.join(', ')} and ${total - first.length} more` : first.join(', ')
}

function noHits(): Hits {
  return { count: 0, acts: new Set(), first: [] }
}

function count(hits: Hits, path: string, act: GuardedAct): void {
  hits.count++
  hits.acts.add(act)
  if (hits.first.length < PATHS_SHOWN && !hits.first.includes(path)) hits.first.push(path)
}

function sumOf(all: readonly Hits[]): Hits {
  const sum = noHits()
  for (const hits of all) {
    sum.count += hits.count
    for (const act of hits.acts) sum.acts.add(act)
    sum.first.push(...hits.first.slice(0, PATHS_SHOWN - sum.first.length))
  }
  return sum
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
