import type { DiffCounts } from '../diff/change.ts'
import { diffStreams } from '../diff/diff-streams.ts'
import { OPEN_ACL } from '../znode/acl.ts'
import { ancestorsOf, isSystemPath, ROOT } from '../znode/path.ts'
import type { TreeReader } from '../znode/ports.ts'
import { NO_STAT } from '../znode/stat.ts'
import type { Znode, ZnodeStream } from '../znode/znode.ts'
import type { AclIdentity } from './acl-rights.ts'
import type { CounterOptions, LeftOutLine, OwnerSession } from './fidelity.ts'
import { mapPaths } from './map-paths.ts'
import type { ConflictPolicy, PlanSummary, RestoreMode } from './plan.ts'
import type { PlanTarget } from './plan-builder.ts'
import { planQuotas } from './plan-quotas.ts'
import {
  type CounterGap,
  describeKind,
  type KindUntold,
  type PlanRestoreInput,
  planRestore,
  type RestoreSelection,
  type UnreadableOnSide,
} from './plan-restore.ts'
import type { PlanSink } from './ports.ts'

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
  readonly salt?: string
  readonly selection?: RestoreSelection
  /** The source is known to hold something, if not in what is looked at: mirroring it is then nobody's accident. */
  readonly sourceHasContent?: boolean
  readonly identities?: readonly AclIdentity[]
  /** Default: sequence counters are left alone. */
  readonly counters?: CounterOptions
  /**
   * Restores the limits of quotas too; absent: not asked for. Whole trees, since quotas lie outside of any subtree, or why it cannot be done.
   */
  readonly quotas?: QuotaTrees | { readonly obstacle: string } | null
  /** Whether the session that owned an ephemeral was alive in the source; default unknown. */
  readonly ownerSession?: (owner: bigint) => OwnerSession
  readonly onLeftOut?: (line: LeftOutLine) => void
  readonly onProgress?: (counts: Readonly<DiffCounts>) => void
  readonly signal?: AbortSignal
}

export interface QuotaTrees {
  readonly live: Pick<TreeReader, 'readSubtree'>
  readonly source: Pick<TreeReader, 'readSubtree'>
}

/** Counters that are watched are bounded; a tree with more gaps than this is warned of well enough by these. */
const COUNTER_GAPS_MAX = 50_000
const KINDS_UNTOLD_MAX = 100_000
const UNREADABLE_MAX = 100_000

/**
 * Diff and plan in one pass over both trees. A target path that does not exist live is an empty tree, and the parents that it
 * lacks become part of the plan. Throws ZnodeError NO_NODE when the source path does not exist, and what planRestore throws.
 */
export async function planFromTrees(input: PlanFromTreesInput): Promise<PlanSummary> {
  const { live, source, sourcePath, targetPath, signal } = input
  const unreadable: UnreadableOnSide[] = []
  const counterGaps = new Map<string, CounterGap>()
  const kindsUntold: KindUntold[] = []
  let gapsMissed = 0
  // Unmapped, the system subtree is looked at so that the plan can say how much of it is left alone.
  const includeSystem = isSystemPath(sourcePath) || sourcePath === targetPath
  const content = { found: input.sourceHasContent ?? false, foundBelow: false }
  const rootReading = await live.get(targetPath, { signal })
  const before: ZnodeStream =
    rootReading.kind === 'missing' ? emptyStream() : live.readSubtree(targetPath, { signal, includeSystem })
  const after = mapPaths(source.readSubtree(sourcePath, { signal, includeSystem }), sourcePath, targetPath)
  const diff = diffStreams(before, watchForContent(after, targetPath, content), {
    includeEphemerals: true,
    includeSystem,
    onUnreadable: (side, { path, message }) => {
      if (unreadable.length < UNREADABLE_MAX && !isSystemPath(path)) unreadable.push({ side, path, message })
    },
    onCounterAhead: (x, y) => {
      if (y.kind === 'ephemeral' || isSystemPath(x.path)) return
      if (counterGaps.size >= COUNTER_GAPS_MAX) gapsMissed++
      else counterGaps.set(x.path, { before: keepForCounter(x), after: keepForCounter(y) })
    },
    onKindUntold: (x, y) => {
      if (kindsUntold.length < KINDS_UNTOLD_MAX && x.kind === 'unknown' && !isSystemPath(x.path))
        kindsUntold.push({ path: x.path, source: describeKind(y) })
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
    salt: input.salt,
    source: input.names.source,
    target: input.names.target,
    sourcePath,
    targetPath,
    plannedAtMs: input.plannedAtMs,
    selection: input.selection,
    identities: input.identities,
    missingAncestors,
    isSourceEmpty: () => !content.found,
    isSourceLeaf: () => targetPath !== ROOT && !content.foundBelow,
    unreadable: () => unreadable,
    counterGaps,
    counterGapsMissed: () => gapsMissed,
    counters: input.counters,
    ownerSession: input.ownerSession,
    kindsUntold: () => kindsUntold,
    quotas: input.quotas ? toQuotaPlanner(input, input.quotas) : null,
    onLeftOut: input.onLeftOut,
    signal,
  })
}

function toQuotaPlanner(
  input: PlanFromTreesInput,
  quotas: QuotaTrees | { readonly obstacle: string },
): PlanRestoreInput['quotas'] {
  const { sourcePath, targetPath, mode, signal } = input
  return async (builder, isPicked) => {
    if ('obstacle' in quotas) {
      builder.notes.quotaObstacle = quotas.obstacle
      builder.warn('quota', targetPath, `quotas are not restored: ${quotas.obstacle}`)
    } else await planQuotas(builder, { ...quotas, sourcePath, targetPath, mode, isPicked, signal })
  }
}

/** Field by field: a znode may hold on to the batch that it was decoded from. */
function keepForCounter({ acl, kind, stat }: Znode): CounterGap['before'] {
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = stat
  return { acl, kind, stat: { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } }
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
  return { path, data: null, acl, kind: 'persistent', ttlMs: null, stat: NO_STAT }
}

/** Notes the first znodes that a restore could put back, at `root` and below it: every tree has a root, so the root alone is nothing. */
async function* watchForContent(stream: ZnodeStream, root: string, content: { found: boolean; foundBelow: boolean }) {
  for await (const batch of stream) {
    if (!content.found || !content.foundBelow) {
      for (const { path, kind } of batch.znodes) {
        if (path === ROOT || kind === 'ephemeral' || isSystemPath(path)) continue
        content.found = true
        content.foundBelow ||= path !== root
      }
    }
    yield batch
  }
}

async function* emptyStream() {
  // An empty tree: no batch at all.
}
