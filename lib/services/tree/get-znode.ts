import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { openTree } from './open-tree.ts'
import { toReadingView } from './to-znode-view.ts'
import type { TreeRef } from './tree-ref.ts'
import type { ZnodeReadingView } from './views.ts'

/** One znode with its value; missing and unreadable are answers, not errors. */
export async function getZnode(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string },
): Promise<ZnodeReadingView> {
  const path = parsePath(input.path)
  const tree = await openTree(context, input.ref)
  try {
    return toReadingView(await tree.reader.get(path, { signal: context.signal }))
  } finally {
    await tree.release()
  }
}
