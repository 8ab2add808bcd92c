import { invariant } from '../../base/invariant.ts'
import { isSystemPath, isWithin, ROOT } from '../znode/path.ts'
import type { Znode, ZnodeStream } from '../znode/znode.ts'

/** Where a path at or below `from` lies when `from` is put at `to`: /a/x, /a → /b gives /b/x. */
export function mapPath(path: string, from: string, to: string): string {
  invariant(isWithin(path, from), `"${path}" is not within "${from}"`)
  const rest = from === ROOT ? (path === ROOT ? '' : path) : path.slice(from.length)
  if (rest === '') return to
  return to === ROOT ? rest : to + rest
}

/**
 * The subtree `from` of the stream as it would look at `to`, still in path order; what lies outside `from` is left out, and so is
 * /zookeeper when it would land somewhere else. The stream itself when nothing moves.
 */
export function mapPaths(stream: ZnodeStream, from: string, to: string): ZnodeStream {
  return from === to && from === ROOT ? stream : mapBatches(stream, from, to)
}

async function* mapBatches(stream: ZnodeStream, from: string, to: string) {
  const moves = (path: string) => isWithin(path, from) && (from === to || isSystemPath(from) || !isSystemPath(path))
  for await (const { znodes, unreadable } of stream) {
    yield {
      znodes: znodes.filter(({ path }) => moves(path)).map((znode) => moveZnode(znode, mapPath(znode.path, from, to))),
      // A place above the subtree hides all of it.
      unreadable: unreadable
        .filter(({ path }) => moves(path) || isWithin(from, path))
        .map((place) => ({ ...place, path: isWithin(place.path, from) ? mapPath(place.path, from, to) : to })),
    }
  }
}

// Written out field by field: a spread would miss the getters of lazily decoded znodes.
function moveZnode(znode: Znode, path: string): Znode {
  if (znode.path === path) return znode
  const { data, acl, stat, kind, ttlMs, unknown } = znode
  return { path, data, acl, stat, kind, ttlMs, unknown }
}
