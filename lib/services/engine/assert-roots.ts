import { ZnodeError } from '../../domain/znode/errors.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'

/** A backup of nothing would look like a good one. Throws ZnodeError NO_NODE for a root that is not in the tree. */
export async function assertRoots(
  tree: Pick<TreeReader, 'get'>,
  roots: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const root of roots) {
    if ((await tree.get(root, { signal })).kind === 'found') continue
    throw new ZnodeError('NO_NODE', `${root} does not exist`, {
      details: { path: root },
      unaffected: 'no archive was made',
      remedy: 'check the path, and the chroot at the end of the connect string',
    })
  }
}
