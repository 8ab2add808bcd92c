import { throwIfAborted } from '../../base/errors.ts'
import { isSameAcl } from '../znode/acl.ts'
import { comparePaths } from '../znode/order.ts'
import type { Znode, ZnodeStat, ZnodeStream } from '../znode/znode.ts'
import { isSameData } from './compare-znodes.ts'
import { SideCursor } from './internal/side-cursor.ts'

export type ExactField = 'data' | 'acl' | 'kind' | keyof ZnodeStat

/** One place at which two trees that ought to be the same are not. */
export type ExactDifference =
  | { readonly path: string; readonly kind: 'missing' | 'unexpected' }
  | { readonly path: string; readonly kind: 'different'; readonly fields: readonly ExactField[] }

const STAT_FIELDS = ['czxid', 'mzxid', 'pzxid', 'ctime', 'mtime', 'version', 'cversion', 'aversion'] as const

export interface ExactOptions {
  /** Data that the reader's side makes itself; all else of such a znode is compared. */
  readonly isDataVolatile?: (path: string) => boolean
  readonly signal?: AbortSignal
  /** Path of the last znode that was compared, a few times a batch at most. */
  readonly onProgress?: (compared: number) => void
}

/**
 * Every znode of what was stored against what was read over a client port: data, ACL, stat and, of ephemerals, the owner. The client
 * protocol hides containers and TTLs, which therefore count as persistent. What the read side could not read counts as missing.
 * Gives how many paths were compared. Errors as of `diffStreams`.
 */
export async function compareExactly(
  stored: ZnodeStream,
  read: ZnodeStream,
  onDifference: (difference: ExactDifference) => void,
  options: ExactOptions = {},
): Promise<number> {
  const a = new SideCursor('before', stored)
  const b = new SideCursor('after', read)
  let compared = 0
  try {
    for (;;) {
      throwIfAborted(options.signal)
      await Promise.all([a.fill(), b.fill()])
      if (a.isEnded() && b.isEnded()) return compared
      while (!a.isDrained() && !b.isDrained()) {
        const x = a.head()
        const y = b.head()
        if (x === null && y === null) break
        const order = x === null ? 1 : y === null ? -1 : comparePaths(x.path, y.path)
        if (order <= 0) a.take()
        if (order >= 0) b.take()
        compared++
        if (order !== 0) onDifference({ path: (order < 0 ? x : y)!.path, kind: order < 0 ? 'missing' : 'unexpected' })
        else {
          const fields = fieldsThatDiffer(x!, y!, options.isDataVolatile?.(x!.path) ?? false)
          if (fields.length > 0) onDifference({ path: x!.path, kind: 'different', fields })
        }
      }
      options.onProgress?.(compared)
    }
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

function fieldsThatDiffer(stored: Znode, read: Znode, isDataVolatile: boolean): ExactField[] {
  const fields: ExactField[] = []
  if (!isDataVolatile && !isSameData(stored.data, read.data)) fields.push('data')
  if (!isSameAcl(stored.acl, read.acl)) fields.push('acl')
  const isEphemeral = stored.kind === 'ephemeral'
  if (isEphemeral !== (read.kind === 'ephemeral')) fields.push('kind')
  else if (isEphemeral && stored.stat.ephemeralOwner !== read.stat.ephemeralOwner) fields.push('ephemeralOwner')
  for (const field of STAT_FIELDS) if (stored.stat[field] !== read.stat[field]) fields.push(field)
  return fields
}
