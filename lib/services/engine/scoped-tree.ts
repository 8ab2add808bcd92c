import { comparePaths } from '../../domain/znode/order.ts'
import { type PatchEntry, patchStream } from '../../domain/znode/patch-stream.ts'
import type { SubtreeOptions, TreeReader } from '../../domain/znode/ports.ts'
import type { Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { readPaths, readRoots } from './read-scope.ts'
import { scaffoldingOf } from './scope.ts'

export type PartialTree = Pick<TreeReader, 'get' | 'readSubtree'>

/**
 * Parts of a tree as if they were all of it: the subtrees (or, with `touched`, just the znodes) named by `paths`, and their ancestors.
 * Both sides of a plan are seen through the same parts, so that what lies outside of them is neither missing nor too much.
 */
export function scopedTree(
  reader: TreeReader,
  parts: { readonly paths: readonly string[]; readonly kind: 'subtrees' | 'touched' },
): PartialTree {
  const paths = [...parts.paths].sort(comparePaths)
  const scaffolding = scaffoldingOf(paths)
  return {
    get: (path, options) => reader.get(path, options),
    readSubtree: (_root, options = {}) => readParts(reader, { paths, kind: parts.kind, scaffolding }, options),
  }
}

async function* readParts(
  reader: TreeReader,
  parts: {
    readonly paths: readonly string[]
    readonly kind: 'subtrees' | 'touched'
    readonly scaffolding: readonly string[]
  },
  options: SubtreeOptions,
): ZnodeStream {
  const above: PatchEntry[] = []
  for (const path of parts.scaffolding) {
    const reading = await reader.get(path, { signal: options.signal })
    if (reading.kind === 'found') above.push({ path, znode: reading.znode satisfies Znode })
  }
  const stream =
    parts.kind === 'touched' ? readPaths(reader, parts.paths, options) : readRoots(reader, parts.paths, options)
  yield* patchStream(stream, above)
}
