import type { Change, DiffCounts, DiffSide } from '../../domain/diff/change.ts'
import { diffStreams } from '../../domain/diff/diff-streams.ts'
import { ZnodeError } from '../../domain/znode/errors.ts'
import { isSystemPath } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { UnreadableZnode } from '../../domain/znode/znode.ts'
import { EngineError } from './errors.ts'
import { commonRoots, readPaths, readRoots, scopeOf } from './read-scope.ts'

export interface DiffSourcesInput {
  readonly left: TreeReader
  readonly right: TreeReader
  /** Compare at and below it. A path under /zookeeper includes the system subtree. */
  readonly path: string
  readonly includeEphemerals?: boolean
  readonly signal?: AbortSignal
  readonly onUnreadable?: (side: DiffSide, place: UnreadableZnode) => void
}

export interface SourcesDiff {
  /** What turns left into right, in path order. Throws NO_NODE at its end when neither side has the path. */
  readonly changes: AsyncGenerator<readonly Change[], void, void>
  counts(): Readonly<DiffCounts>
  /** Subtrees that were compared: where one side is the backup of a part, that part. */
  readonly roots: readonly string[]
}

/** Compares two trees where both can tell something: outside of what a backup holds, nothing is added or removed. Writes nothing. */
export function diffSources(input: DiffSourcesInput): SourcesDiff {
  const { left, right, path, signal } = input
  const leftScope = scopeOf(left)
  const rightScope = scopeOf(right)
  const roots = commonRoots(leftScope, rightScope, path)
  if (roots.length === 0) {
    throw new EngineError('BAD_SOURCE', `There is nothing to compare at ${path}: a backup does not hold it`, {
      remedy: `the backup holds ${describeScope(leftScope.paths)} and the other side ${describeScope(rightScope.paths)}`,
    })
  }
  const includeSystem = isSystemPath(path)
  const missing = { left: 0, right: 0 }
  const single = leftScope.kind === 'touched' || rightScope.kind === 'touched'
  const streamOf = (reader: TreeReader, side: 'left' | 'right') =>
    single
      ? readPaths(reader, roots, { signal })
      : readRoots(reader, roots, { signal, includeSystem, onMissing: () => missing[side]++ })

  const diff = diffStreams(streamOf(left, 'left'), streamOf(right, 'right'), {
    includeEphemerals: input.includeEphemerals,
    includeSystem,
    onUnreadable: input.onUnreadable,
    signal,
  })
  return {
    roots,
    counts: diff.counts,
    changes: failWhenMissing(diff.changes, () => {
      if (missing.left < roots.length || missing.right < roots.length) return
      throw new ZnodeError('NO_NODE', `Neither side has ${path}`, { remedy: 'check the path' })
    }),
  }
}

async function* failWhenMissing(
  changes: AsyncGenerator<readonly Change[], void, void>,
  check: () => void,
): AsyncGenerator<readonly Change[], void, void> {
  yield* changes
  check()
}

function describeScope(paths: readonly string[]): string {
  return paths.length > 3 ? `${paths.slice(0, 3).join(', ')} and ${paths.length - 3} more` : paths.join(', ')
}
