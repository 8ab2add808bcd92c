import { parentPath } from '../znode/path.ts'

const PARENTS_MAX = 10_000
const DIGITS = 10

/** Parents whose children have names as sequential ones get them: ten digits at the end. Bounded; beyond, no more are remembered. */
export class SequenceParents {
  readonly #parents = new Set<string>()

  add(path: string): void {
    if (!endsInSequence(path) || this.#parents.size >= PARENTS_MAX) return
    this.#parents.add(parentPath(path))
  }

  has(parent: string): boolean {
    return this.#parents.has(parent)
  }
}

function endsInSequence(path: string): boolean {
  if (path.length <= DIGITS) return false
  for (let at = path.length - DIGITS; at < path.length; at++) {
    const code = path.charCodeAt(at)
    if (code < 48 || code > 57) return false
  }
  return true
}
