import { compilePattern } from '../diff/path-pattern.ts'
import { ROOT } from '../znode/path.ts'
import type { GuardedAct, GuardedApplication, GuardedNode } from './application.ts'

/** A path that looks like one of an application; whether that application lives at `root` is for its signature to say. */
export interface GuardMatch {
  readonly application: GuardedApplication
  readonly node: GuardedNode
  readonly root: string
}

interface Anchor {
  readonly application: GuardedApplication
  readonly node: GuardedNode
  /** Number of single names in front of the one that the pattern is found by. */
  readonly depth: number
  readonly matches: (path: string) => boolean
}

/**
 * Patterns of applications whose roots may be anywhere, compiled once and asked of each step as it passes. A path is looked at
 * from each of its names on, but only where a name is one that some pattern has: most paths cost one look into a table a name.
 */
export class GuardMatcher {
  readonly #anchors = new Map<string, Anchor[]>()

  constructor(applications: readonly GuardedApplication[]) {
    for (const application of applications) {
      for (const node of application.nodes) {
        const names = node.pattern.slice(1).split('/')
        const depth = names.findIndex((name) => !name.includes('*') && !name.includes('\\'))
        const name = names[depth]!
        const anchors = this.#anchors.get(name) ?? []
        anchors.push({ application, node, depth, matches: compilePattern(node.pattern) })
        this.#anchors.set(name, anchors)
      }
    }
  }

  /** One match an application and root: the first of its patterns that fits, and that has something to say of what is done. */
  match(path: string, act: GuardedAct): GuardMatch[] {
    const found: GuardMatch[] = []
    if (path === ROOT) return found
    // Where each name begins; the slash is one before.
    let starts: number[] | null = null
    for (let start = 1, index = 0; start > 0; index++) {
      const slash = path.indexOf('/', start)
      const anchors = this.#anchors.get(slash === -1 ? path.slice(start) : path.slice(start, slash))
      if (anchors !== undefined) {
        starts ??= startsOf(path)
        for (const anchor of anchors) if (isAbout(anchor.node, act)) this.#try(anchor, { path, starts, index }, found)
      }
      start = slash + 1
    }
    return found.length < 2 ? found : firstOfEach(found)
  }

  #try(anchor: Anchor, at: { path: string; starts: readonly number[]; index: number }, found: GuardMatch[]): void {
    const { application, node, depth, matches } = anchor
    const from = at.starts[at.index - depth]
    if (from === undefined || !matches(at.path.slice(from - 1))) return
    found.push({ application, node, root: from === 1 ? ROOT : at.path.slice(0, from - 1) })
  }
}

function isAbout({ on }: GuardedNode, act: GuardedAct): boolean {
  return on === undefined || on.includes(act)
}

function startsOf(path: string): number[] {
  const starts = [1]
  for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) starts.push(slash + 1)
  return starts
}

/** Patterns are found by different names, so that their order in the file has to be restored. */
function firstOfEach(found: readonly GuardMatch[]): GuardMatch[] {
  const best: GuardMatch[] = []
  for (const match of found) {
    const at = best.findIndex(({ application, root }) => application === match.application && root === match.root)
    if (at === -1) best.push(match)
    else if (rank(match) < rank(best[at]!)) best[at] = match
  }
  return best
}

function rank({ application, node }: GuardMatch): number {
  return application.nodes.indexOf(node)
}
