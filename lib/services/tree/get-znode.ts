import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { withValueMask } from '../values/value-mask.ts'
import { readTree } from './read-tree.ts'
import { toReadingView, toUnpackedZnodeView } from './to-znode-view.ts'
import { formatTreeRef, type TreeRef } from './tree-ref.ts'
import type { ZnodeReadingView } from './views.ts'

/** Fewer names than this cannot fill an answer of jute.maxbuffer's default size, unless they are longer than anyone's. */
const WIDE_MIN = 10_000

/** One znode with its value; missing and unreadable are answers, not errors. */
export async function getZnode(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string },
): Promise<ZnodeReadingView> {
  const path = parsePath(input.path)
  const { signal } = context
  return readTree(context, input.ref, async (reader, clusterId) => {
    const reading = await reader.get(path, { signal })
    const place = { clusterId, tree: formatTreeRef(input.ref) }
    if (reading.kind !== 'found') return withValueMask(context, place, async (mask) => toReadingView(reading, mask))
    const { znode, numChildren } = reading
    const view = await withValueMask(context, place, (mask) => toUnpackedZnodeView(znode, numChildren, mask))
    if (numChildren < WIDE_MIN) return { kind: 'found', znode: view }
    // Names come all at once or not at all: the connection keeps the list of a wide parent, which the tree beside asks for too.
    const page = await reader.listChildren(path, { limit: 1, signal })
    return { kind: 'found', znode: { ...view, childListBytes: (page.kind === 'page' ? page.listBytes : null) ?? null } }
  })
}
