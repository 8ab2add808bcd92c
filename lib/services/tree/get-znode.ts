import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { readTree } from './read-tree.ts'
import { toReadingView, toUnpackedZnodeView } from './to-znode-view.ts'
import type { TreeRef } from './tree-ref.ts'
import type { ZnodeReadingView } from './views.ts'

/** One znode with its value; missing and unreadable are answers, not errors. */
export async function getZnode(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string },
): Promise<ZnodeReadingView> {
  const path = parsePath(input.path)
  const reading = await readTree(context, input.ref, (reader) => reader.get(path, { signal: context.signal }))
  if (reading.kind !== 'found') return toReadingView(reading)
  return { kind: 'found', znode: await toUnpackedZnodeView(reading.znode, reading.numChildren) }
}
