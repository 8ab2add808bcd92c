import { ZnodeError } from '../../domain/znode/errors.ts'
import { isSystemPath, parentPath, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { readPaths, readRoots, scopeOf } from './read-scope.ts'
import { intersectRoots } from './scope.ts'
import { toZnodeJson } from './znode-json.ts'

/** Text is given out in pieces of about this many characters: a thousand large values at once would be one huge string. */
const PIECE_CHARACTERS = 256 * 1024

export interface ExportOptions {
  readonly path: string
  /** Include /zookeeper and below. What lies there is exported anyway when it is asked for by name. */
  readonly includeSystem: boolean
  readonly signal?: AbortSignal
}

/** Some lines of an export. Empty `text`: only places that could not be read. */
export interface ExportPiece {
  readonly text: string
  readonly znodes: number
  readonly dataBytes: number
  readonly unreadable: readonly UnreadableZnode[]
}

/** The znodes that an export of `path` holds: what the source has of it. Throws ZnodeError NO_NODE when that is nothing. */
export async function* readExported(reader: TreeReader, options: ExportOptions): ZnodeStream {
  const { path, signal } = options
  const scope = scopeOf(reader)
  const roots = intersectRoots(scope.paths, path)
  const missing: string[] = []
  const includeSystem = options.includeSystem || isSystemPath(path)
  const stream =
    scope.kind === 'touched'
      ? readPaths(reader, roots, { signal })
      : readRoots(reader, roots, { signal, includeSystem, onMissing: (root) => missing.push(root) })
  yield* stream
  if (missing.length === roots.length) throw new ZnodeError('NO_NODE', `${path} does not exist`)
}

/** One JSON line a znode, in path order, as the command line's contract has it. The source is read twice. */
export async function* exportZnodes(
  reader: TreeReader,
  options: ExportOptions & { readonly data: boolean; readonly hides?: (znode: Znode) => boolean },
): AsyncGenerator<ExportPiece, void, void> {
  const counts = await countChildren(readExported(reader, { ...options, includeSystem: true }))
  for await (const batch of readExported(reader, options)) {
    let text = ''
    let znodes = 0
    let dataBytes = 0
    for (const znode of batch.znodes) {
      text += `${toZnodeJson(znode, counts.get(znode.path) ?? 0, options)}\n`
      znodes++
      dataBytes += znode.data?.length ?? 0
      if (text.length < PIECE_CHARACTERS) continue
      yield { text, znodes, dataBytes, unreadable: [] }
      text = ''
      znodes = 0
      dataBytes = 0
    }
    yield { text, znodes, dataBytes, unreadable: batch.unreadable }
  }
}

/**
 * A znode's number of children is part of its stat and comes after it in the stream, so the source is read twice. /zookeeper counts too:
 * it is a child of the root that a client would see, whatever is exported.
 */
async function countChildren(stream: ZnodeStream): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const batch of stream) {
    for (const { path } of batch.znodes) {
      if (path === ROOT) continue
      const parent = parentPath(path)
      counts.set(parent, (counts.get(parent) ?? 0) + 1)
    }
  }
  return counts
}
