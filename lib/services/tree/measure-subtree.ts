import { isArkeeperError } from '../../base/errors.ts'
import { parsePath, ROOT, SYSTEM_ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { readExported } from '../engine/export-znodes.ts'
import { openTree } from './open-tree.ts'
import { readTree } from './read-tree.ts'
import type { TreeRef } from './tree-ref.ts'
import type { SubtreeSizeView } from './views.ts'

const UNREADABLE_SHOWN = 20

/**
 * How many znodes a subtree has at last sight, as an export counts them. A live cluster counts by itself (3.6+) or is listed; a backup is
 * read, which also tells what it does not hold.
 */
export async function measureSubtree(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string },
): Promise<SubtreeSizeView> {
  const path = parsePath(input.path)
  return input.ref.kind === 'live'
    ? { znodes: await countLive(context, input.ref, path), unreadable: null, unreadablePaths: [] }
    : measureBackup(context, input.ref, path)
}

async function countLive(
  context: ServiceContext,
  ref: Extract<TreeRef, { kind: 'live' }>,
  path: string,
): Promise<number> {
  const { signal } = context
  const count = async (root: string) => {
    const connection = await context.sessions.borrow(ref.clusterId, { signal })
    return 1 + (await connection.countDescendants(root, { signal }))
  }
  // Nothing of its reader is used: it is asked so that a session that was lost is replaced, as in every other short read.
  return readTree(context, ref, async () => {
    const all = await count(path)
    return path === ROOT ? all - (await countIfThere(count, SYSTEM_ROOT)) : all
  })
}

/** A chroot has no /zookeeper. */
async function countIfThere(count: (path: string) => Promise<number>, path: string): Promise<number> {
  try {
    return await count(path)
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'NO_NODE') return 0
    throw error
  }
}

async function measureBackup(context: ServiceContext, ref: TreeRef, path: string): Promise<SubtreeSizeView> {
  const tree = await openTree(context, ref)
  try {
    let [znodes, unreadable] = [0, 0]
    const unreadablePaths: string[] = []
    for await (const batch of readExported(tree.reader, { path, includeSystem: false, signal: context.signal })) {
      znodes += batch.znodes.length
      unreadable += batch.unreadable.length
      for (const place of batch.unreadable) {
        if (unreadablePaths.length < UNREADABLE_SHOWN) unreadablePaths.push(place.path)
      }
    }
    return { znodes, unreadable, unreadablePaths }
  } finally {
    await tree.release()
  }
}
