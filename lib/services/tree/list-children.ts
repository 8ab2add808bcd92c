import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { readTree } from './read-tree.ts'
import { toChildrenView } from './to-znode-view.ts'
import type { TreeRef } from './tree-ref.ts'
import type { ChildrenView } from './views.ts'

const LIMIT_DEFAULT = 200
const LIMIT_MAX = 1000

/** One page of children in path order, after the name `after`. */
export async function listChildren(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string; readonly after?: string; readonly limit?: number },
): Promise<ChildrenView> {
  const path = parsePath(input.path)
  const limit = Math.min(Math.max(Math.trunc(input.limit ?? LIMIT_DEFAULT), 1), LIMIT_MAX)
  return readTree(context, input.ref, async (reader) =>
    toChildrenView(path, await reader.listChildren(path, { after: input.after, limit, signal: context.signal })),
  )
}
