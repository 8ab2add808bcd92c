import { type Acl, OPEN_ACL, PERM } from '../znode/acl.ts'
import { comparePaths } from '../znode/order.ts'
import { NO_STAT } from '../znode/stat.ts'
import type { Znode, ZnodeStat, ZnodeStream } from '../znode/znode.ts'

const READ_ONLY: Acl = [{ perms: PERM.read, scheme: 'world', id: 'anyone' }]

function builtIn(path: string, acl: Acl, stat: ZnodeStat): Znode {
  return { path, data: new Uint8Array(0), acl, stat, kind: 'persistent', ttlMs: null }
}

/** The znodes below the root that every fresh server has, in path order, as it makes them (DataTree, 3.5+). */
export const SYSTEM_ZNODES: readonly Znode[] = [
  builtIn('/zookeeper', OPEN_ACL, NO_STAT),
  builtIn('/zookeeper/config', READ_ONLY, { ...NO_STAT, aversion: -1 }),
  builtIn('/zookeeper/quota', OPEN_ACL, NO_STAT),
]

/**
 * The stream with the built-in znodes that it lacks put in their places. A server started on a snapshot without them runs without
 * them: no quota, no reconfiguration.
 */
export async function* withSystemZnodes(stream: ZnodeStream): ZnodeStream & AsyncGenerator {
  let missing = SYSTEM_ZNODES
  for await (const batch of stream) {
    const next = missing[0]
    if (!next) {
      yield batch
      continue
    }
    const last = batch.ends?.last ?? batch.znodes.at(-1)?.path
    if (last === undefined || comparePaths(last, next.path) < 0) {
      yield batch
      continue
    }
    const znodes: Znode[] = []
    for (const znode of batch.znodes) {
      while (missing[0] && comparePaths(missing[0].path, znode.path) < 0) {
        znodes.push(missing[0])
        missing = missing.slice(1)
      }
      if (missing[0]?.path === znode.path) missing = missing.slice(1)
      znodes.push(znode)
    }
    yield { znodes, unreadable: batch.unreadable }
  }
  if (missing.length > 0) yield { znodes: missing, unreadable: [] }
}
