import { ZnodeError } from '../domain/znode/errors.ts'
import { isSystemPath, parentPath, ROOT } from '../domain/znode/path.ts'
import type { ZnodeStream } from '../domain/znode/znode.ts'
import { readPaths, readRoots, scopeOf } from '../services/engine/read-scope.ts'
import { intersectRoots } from '../services/engine/scope.ts'
import { type Command, flag, pathOption } from './command.ts'
import { openCommandSource } from './open-command-source.ts'
import { toZnodeJson } from './znode-json.ts'

export const exportCommand: Command = {
  usage: 'export ARCHIVE|SOURCE [--path P] [--no-data] [--system] [--json]',
  summary: 'JSON Lines, one znode a line, in path order',
  options: { path: 'string', 'no-data': 'boolean', system: 'boolean' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const { reader } = await openCommandSource(input, 0)
    const path = pathOption(input, 'path') ?? ROOT
    const options = { data: !flag(input, 'no-data') }
    const includeSystem = flag(input, 'system') || isSystemPath(path)
    try {
      const scope = scopeOf(reader)
      const roots = intersectRoots(scope.paths, path)
      const read = (system: boolean): ZnodeStream =>
        scope.kind === 'touched'
          ? readPaths(reader, roots, { signal: context.signal })
          : readRoots(reader, roots, {
              signal: context.signal,
              includeSystem: system,
              onMissing: (root) => missing.push(root),
            })
      const missing: string[] = []
      const counts = await countChildren(read(true))
      if (roots.length === 0 || missing.length === roots.length)
        throw new ZnodeError('NO_NODE', `${path} does not exist`)
      let unreadable = 0
      for await (const batch of read(includeSystem)) {
        const lines = batch.znodes.map((znode) => `${toZnodeJson(znode, counts.get(znode.path) ?? 0, options)}\n`)
        await terminal.print(lines.join(''))
        unreadable += batch.unreadable.length
        for (const place of batch.unreadable) terminal.complain(`${place.path} could not be read: ${place.message}`)
      }
      return unreadable === 0 ? 0 : 1
    } finally {
      await reader.close()
    }
  },
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
