import { isArkeeperError } from '../../base/errors.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { openTree } from './open-tree.ts'
import type { TreeRef } from './tree-ref.ts'

/** The session ended under the request: by expiry after a sleep, or because somebody edited the cluster. A new one is a borrow away. */
const GONE = new Set(['SESSION_EXPIRED', 'CONNECTION_LOST', 'CLOSED'])

/** Opens a tree for one short read, which is repeated once when the shared session was lost: reading twice does no harm. */
export async function readTree<T>(
  context: ServiceContext,
  ref: TreeRef,
  read: (reader: TreeReader, clusterId: string) => Promise<T>,
): Promise<T> {
  try {
    return await readOnce(context, ref, read)
  } catch (error) {
    if (ref.kind !== 'live' || !isArkeeperError(error) || !GONE.has(error.code)) throw error
    return readOnce(context, ref, read)
  }
}

async function readOnce<T>(
  context: ServiceContext,
  ref: TreeRef,
  read: (reader: TreeReader, clusterId: string) => Promise<T>,
): Promise<T> {
  const tree = await openTree(context, ref)
  try {
    return await read(tree.reader, tree.clusterId)
  } finally {
    await tree.release()
  }
}
