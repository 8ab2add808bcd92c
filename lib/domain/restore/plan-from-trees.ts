import type { DiffCounts } from '../diff/change.ts'
import { diffStreams } from '../diff/diff-streams.ts'
import { OPEN_ACL } from '../znode/acl.ts'
import { ancestorsOf, isSystemPath, ROOT } from '../znode/path.ts'
import type { TreeReader } from '../znode/ports.ts'
import type { Znode, ZnodeStream } from '../znode/znode.ts'
import type { AclIdentity } from './acl-rights.ts'
import { mapPaths } from './map-paths.ts'
import type { ConflictPolicy, PlanSummary, RestoreMode } from './plan.ts'
import type { PlanSink, PlanTarget } from './plan-builder.ts'
import { type CounterGap, planRestore, type RestoreSelection, type UnreadableOnSide } from './plan-restore.ts'

export interface PlanFromTreesInput {
  readonly live: Pick<TreeReader, 'get' | 'readSubtree'>
  readonly source: Pick<TreeReader, 'get' | 'readSubtree'>
  /** In words, for people and for the hash: `backup 20261123T…-1a`, `demo`. */
  readonly names: { readonly source: string; readonly target: string }
  readonly sourcePath: string
  readonly targetPath: string
  readonly mode: RestoreMode
  readonly onConflict: ConflictPolicy
  readonly sink: PlanSink
  readonly limits: PlanTarget
  readonly plannedAtMs: number
  readonly selection?: RestoreSelection
  readonly identities?: readonly AclIdentity[]
  readonly onProgress?: (counts: Readonly<DiffCounts>) => void
  readonly signal?: AbortSignal
}

/** Counters that are watched are bounded; a tree with more gaps than this is warned of well enough by these. */
const COUNTER_GAPS_MAX = 10_000
const UNREADABLE_MAX = 100_000

/**
 * Diff and plan in one pass over both trees. A target path that does not exist live is an empty tree, and the parents that it
 * lacks become part of the plan. Throws ZnodeError NO_NODE when the source path does not exist, and what planRestore throws.
 */
export async function planFromTrees(input: PlanFromTreesInput): Promise<PlanSummary> {
  const { live, source, sourcePath, targetPath, signal } = input
  const unreadable: UnreadableOnSide[] = []
  const counterGaps = new Map<string, CounterGap>()
  // Unmapped, the system subtree is looked at so that the plan can say how much of it is left alone.
  const includeSystem = isSystemPath(sourcePath) || sourcePath === targetPath
  const content = { found: false }
  const rootReading = await live.get(targetPath, { signal })
  const before: ZnodeStream =
    rootReading.kind === 'missing' ? emptyStream() : live.readSubtree(targetPath, { signal, includeSystem })
  const after = mapPaths(source.readSubtree(sourcePath, { signal, includeSystem }), sourcePath, targetPath)
  const diff = diffStreams(before, watchForContent(after, content), {
    includeEphemerals: true,
    includeSystem,
    onUnreadable: (side, { path, message }) => {
      if (unreadable.length < UNREADABLE_MAX && !isSystemPath(path)) unreadable.push({ side, path, message })
    },
    onCounterAhead: (x, y) => {
      if (counterGaps.size < COUNTER_GAPS_MAX && y.kind !== 'ephemeral' && !isSystemPath(x.path))
        counterGaps.set(x.path, { live: x.stat.cversion, source: y.stat.cversion })
    },
    signal,
  })
  const missingAncestors =
    rootReading.kind === 'missing' ? await findMissingAncestors({ live, source, sourcePath, targetPath, signal }) : []
  async function* watched() {
    for await (const batch of diff.changes) {
      input.onProgress?.(diff.counts())
      yield batch
    }
  }
  return planRestore({
    changes: watched(),
    sink: input.sink,
    limits: input.limits,
    mode: input.mode,
    onConflict: input.onConflict,
    source: input.names.source,
    target: input.names.target,
    sourcePath,
    targetPath,
    plannedAtMs: input.plannedAtMs,
    selection: input.selection,
    identities: input.identities,
    missingAncestors,
    isSourceEmpty: () => !content.found,
    unreadable: () => unreadable,
    counterGaps,
    signal,
  })
}

/**
 * The znodes above `targetPath` that are missing live, parents first: as the source has them where nothing is mapped, else
 * without data and with the ACL of the nearest ancestor that exists.
 */
export async function findMissingAncestors(input: {
  readonly live: Pick<TreeReader, 'get'>
  readonly source: Pick<TreeReader, 'get'>
  readonly sourcePath: string
  readonly targetPath: string
  readonly signal?: AbortSignal
}): Promise<Znode[]> {
  const missing: Znode[] = []
  let acl = OPEN_ACL
  for (const path of ancestorsOf(input.targetPath)) {
    const live = await input.live.get(path, { signal: input.signal })
    if (live.kind === 'found') acl = live.znode.acl
    if (live.kind !== 'missing') continue
    const source = input.sourcePath === input.targetPath ? await input.source.get(path, { signal: input.signal }) : null
    if (source?.kind === 'found' && source.znode.kind !== 'ephemeral') missing.push(source.znode)
    else missing.push(buildParent(path, missing.at(-1)?.acl ?? acl))
  }
  return missing
}

function buildParent(path: string, acl: Znode['acl']): Znode {
  const stat = {
    czxid: 0n,
    mzxid: 0n,
    pzxid: 0n,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
  }
  return { path, data: null, acl, kind: 'persistent', ttlMs: null, stat }
}

/** Notes the first znode that a restore could put back: every tree has a root, so the root alone is nothing. */
async function* watchForContent(stream: ZnodeStream, content: { found: boolean }) {
  for await (const batch of stream) {
    if (!content.found) {
      content.found = batch.znodes.some(
        ({ path, kind }) => path !== ROOT && kind !== 'ephemeral' && !isSystemPath(path),
      )
    }
    yield batch
  }
}

async function* emptyStream() {
  // An empty tree: no batch at all.
}
