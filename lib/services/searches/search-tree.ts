import { ZnodeError } from '../../domain/znode/errors.ts'
import { isSystemPath } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import { EngineError } from '../engine/errors.ts'
import { commonRoots, readPaths, readRoots, scopeOf } from '../engine/read-scope.ts'
import type { ValueMask } from '../values/value-mask.ts'
import { ZnodeMatcher } from './match-znode.ts'
import type { SearchQuery } from './schemas.ts'
import type { SearchHit, SearchSummary } from './views.ts'

/** Hits that are kept. */
export const HITS_MAX = 10_000
const UNREADABLE_LISTED_MAX = 1000

/** Where hits go, in path order. */
export interface HitSink {
  append(hit: SearchHit): void
  /** False ends the search. */
  hasRoom(): boolean
  /** After each batch of znodes. */
  afterBatch(looked: number): Promise<void>
}

export interface SearchTreeInput {
  readonly reader: TreeReader
  readonly query: SearchQuery
  /** Values that it hides are not looked into. */
  readonly mask: ValueMask
  readonly signal?: AbortSignal
}

/**
 * One pass over the tree in constant memory; it ends early when there are more hits than are kept. Only reads.
 * The system subtree is searched when the path asked for lies in it. Throws NO_NODE for a path that does not exist.
 */
export async function searchTree(
  { reader, query, mask, signal }: SearchTreeInput,
  sink: HitSink,
): Promise<Omit<SearchSummary, 'durationMs'>> {
  const scope = scopeOf(reader)
  const roots = commonRoots(scope, { paths: [query.path], kind: 'subtrees' }, query.path)
  if (roots.length === 0) {
    throw new EngineError('BAD_SOURCE', `There is nothing to search at ${query.path}: the backup does not hold it`, {
      remedy: `it holds ${scope.paths.slice(0, 5).join(', ')}${scope.paths.length > 5 ? ' and more' : ''}`,
    })
  }
  const matcher = new ZnodeMatcher(query, mask)
  const unreadable: string[] = []
  let unreadableCount = 0
  let looked = 0
  let hits = 0
  let cut: SearchSummary['cut'] = null
  for await (const batch of streamOf(reader, roots, { touched: scope.kind === 'touched', query, signal })) {
    for (const place of batch.unreadable) {
      unreadableCount++
      if (unreadable.length < UNREADABLE_LISTED_MAX) unreadable.push(place.path)
    }
    for (const znode of batch.znodes) {
      looked++
      const found = matcher.match(znode)
      const hit = found instanceof Promise ? await found : found
      if (hit === null) continue
      // Known to be too many only when there is one more.
      if (hits === HITS_MAX) cut = 'hits'
      else if (!sink.hasRoom()) cut = 'bytes'
      if (cut !== null) break
      hits++
      sink.append(hit)
    }
    await sink.afterBatch(looked)
    if (cut !== null) break
  }
  return { hits, cut, looked, roots, unreadable, unreadableCount, ...matcher.counts }
}

async function* streamOf(
  reader: TreeReader,
  roots: readonly string[],
  options: { readonly touched: boolean; readonly query: SearchQuery; readonly signal?: AbortSignal },
): ZnodeStream {
  const { touched, query, signal } = options
  if (touched) {
    yield* readPaths(reader, roots, { signal })
    return
  }
  let missing = 0
  const onMissing = () => missing++
  yield* readRoots(reader, roots, { signal, includeSystem: isSystemPath(query.path), onMissing })
  if (missing === roots.length) {
    throw new ZnodeError('NO_NODE', `${query.path} does not exist`, { remedy: 'check the path' })
  }
}
