import { comparePaths } from '../../domain/znode/order.ts'
import { ancestorsOf, isWithin, parentPath, parsePath, ROOT } from '../../domain/znode/path.ts'

/** Subtrees in path order, none within another; no path at all means the whole tree. Throws BAD_PATH for what is not a path. */
export function parseRoots(paths: readonly string[]): string[] {
  if (paths.length === 0) return [ROOT]
  const sorted = paths.map((path) => parsePath(path)).sort(comparePaths)
  const roots: string[] = []
  for (const path of sorted) {
    const last = roots.at(-1)
    if (last === undefined || !isWithin(path, last)) roots.push(path)
  }
  return roots
}

/** Every ancestor that a stock server needs to load the subtrees and that no subtree holds itself; in path order. */
export function scaffoldingOf(paths: readonly string[]): string[] {
  const given = new Set(paths)
  const ancestors = new Set<string>()
  for (const path of paths) for (const ancestor of ancestorsOf(path)) if (!given.has(ancestor)) ancestors.add(ancestor)
  return [...ancestors].sort(comparePaths)
}

/** The part of `roots` that lies within `path`, and `path` itself where it lies within one of them; in path order. */
export function intersectRoots(roots: readonly string[], path: string): string[] {
  const inside = roots.filter((root) => isWithin(root, path))
  if (inside.length > 0) return inside
  return roots.some((root) => isWithin(path, root)) ? [path] : []
}

/** Whether a path lies in one of many subtrees, by its ancestors instead of by all of the roots. */
export function withinAny(roots: Iterable<string>): (path: string) => boolean {
  const known = roots instanceof Set ? roots : new Set(roots)
  return (path) => {
    for (let at = path; ; at = parentPath(at)) {
      if (known.has(at)) return true
      if (at === ROOT) return false
    }
  }
}
