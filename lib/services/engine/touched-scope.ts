import { comparePaths } from '../../domain/znode/order.ts'
import { depthOf, parentPath } from '../../domain/znode/path.ts'
import type { TreeScope } from './read-scope.ts'
import { parseRoots, withinAny } from './scope.ts'

/** Beyond this, a plan's paths are covered by subtrees: a million paths would not fit into a manifest, or into memory. */
const LISTED_MAX = 10_000

/**
 * What a plan touches, in bounded memory: each path, or, for a large plan, at most as many subtrees that hold them all and more. What a
 * plan creates or deletes as a whole is covered by its top; scattered znodes are covered by the lowest level that is few enough.
 */
export class TouchedScope {
  readonly #max: number
  #paths = new Set<string>()
  #isListed = true
  /** Subtrees are no deeper than this: deeper paths are covered by their ancestor there. */
  #depthMax = Number.POSITIVE_INFINITY

  constructor(max = LISTED_MAX) {
    this.#max = max
  }

  add(path: string): void {
    if (this.#isListed) {
      this.#paths.add(path)
      if (this.#paths.size <= this.#max) return
      this.#isListed = false
      this.#shrink()
      return
    }
    const root = this.#cut(path)
    if (withinAny(this.#paths)(root)) return
    this.#paths.add(root)
    // Roots that a later one has swallowed are let go now and then, so that the set is looked through once in a while only.
    if (this.#paths.size > 2 * this.#max) this.#shrink()
  }

  /** In path order. */
  finish(): TreeScope {
    if (this.#isListed) return { kind: 'touched', paths: [...this.#paths].sort(comparePaths) }
    this.#shrink()
    return { kind: 'subtrees', paths: [...this.#paths].sort(comparePaths) }
  }

  #shrink(): void {
    this.#paths = new Set(parseRoots([...this.#paths]))
    while (this.#paths.size > this.#max) {
      let deepest = 0
      for (const path of this.#paths) deepest = Math.max(deepest, depthOf(path))
      this.#depthMax = deepest - 1
      this.#paths = new Set(parseRoots([...this.#paths].map((path) => this.#cut(path))))
    }
  }

  #cut(path: string): string {
    let at = path
    for (let depth = depthOf(path); depth > this.#depthMax; depth--) at = parentPath(at)
    return at
  }
}
