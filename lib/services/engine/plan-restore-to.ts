import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { Change } from '../../domain/diff/change.ts'
import { IgnoreRules } from '../../domain/diff/ignore-rules.ts'
import type { CounterOptions } from '../../domain/restore/fidelity.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import type { ConflictPolicy, PlanSummary, RestoreMode } from '../../domain/restore/plan.ts'
import { planFromTrees } from '../../domain/restore/plan-from-trees.ts'
import type { RestoreSelection } from '../../domain/restore/plan-restore.ts'
import { PreflightDemands } from '../../domain/restore/preflight.ts'
import { isSystemPath, isWithin, parsePath, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { PlanGuards } from '../guards/plan-guards.ts'
import type { FrozenIgnoreRule } from '../ignore-rules/views.ts'
import { assertChroot } from './assert-chroot.ts'
import { EngineError } from './errors.ts'
import { identitiesOf } from './identities.ts'
import { ownerSessionsOf } from './owner-sessions.ts'
import { demandingSink, warnOfRefusals } from './preflight.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { quotaTreesOf } from './quota-trees.ts'
import { scopeOf, type TreeScope } from './read-scope.ts'
import { RestoreDirectory } from './restore-directory.ts'
import { intersectRoots, parseRoots } from './scope.ts'
import { type PartialTree, scopedTree } from './scoped-tree.ts'

/** What of the source is put back. */
export type RestoreScope =
  | { readonly kind: 'all' }
  /** `targetPath`: where the subtree is put; absent: where it was. */
  | { readonly kind: 'subtree'; readonly path: string; readonly targetPath?: string | null }
  | {
      readonly kind: 'picked'
      readonly paths: readonly string[]
      readonly subtrees: readonly string[]
      /** Changes inside the subtrees that are not planned; a path that is picked by itself always is. */
      readonly leaveOut?: readonly FrozenIgnoreRule[]
    }

export interface PlanRestoreToInput {
  /** Throws when another process may be at this plan. Asked before it is put in its place. */
  readonly assertOwned?: () => void
  readonly source: TreeReader
  readonly connection: ClusterConnection
  readonly target: ClusterTarget
  /** For people and for the hash. */
  readonly names: { readonly source: string; readonly target: string }
  /** See PlanSummary; an undo and a rest take over that of their plan. */
  readonly salt?: string
  readonly scope: RestoreScope
  readonly mode: RestoreMode
  readonly onConflict: ConflictPolicy
  /** Default: sequence counters are left alone. */
  readonly counters?: CounterOptions
  /** Limits of quotas too. */
  readonly quotas?: boolean
  /** Restore directory to make; it must not hold a restore that has begun. */
  readonly dir: string
  /** What `dir` is a copy of, where other hosts are to see it too. */
  readonly folder?: WorkFolder
  readonly onProgress?: OnProgress
  /** AdminServers of the target, which tell who watches what where four-letter words do not. */
  readonly admins?: readonly AdminTarget[]
  /** Told of each change that is left out because of a rule. */
  readonly onLeftOut?: (rule: FrozenIgnoreRule) => void
  /**
   * The target is asked what of the plan it would refuse, by writes that cannot succeed: only where the cluster may be written to. The run
   * asks in any case before it writes.
   */
  readonly askTarget?: boolean
}

/** Compares, plans and writes the plan into a restore directory. Nothing is written to the cluster. */
export async function planRestoreTo(context: EngineContext, input: PlanRestoreToInput): Promise<PlanSummary> {
  const { connection, source, scope } = input
  const view = viewOf(source, connection, scope, input.onLeftOut)
  await assertChroot(connection, input.target.connectString, context.signal)
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const directory = new RestoreDirectory(input.dir, input.folder)
  const guards = await PlanGuards.open(context)
  const demands = new PreflightDemands()
  const plan = await directory.writePlan(input.assertOwned)
  try {
    const planned = await planFromTrees({
      live: guards.live(view.live),
      source: view.source,
      names: input.names,
      salt: input.salt,
      sourcePath: view.sourcePath,
      targetPath: view.targetPath,
      mode: input.mode,
      onConflict: input.onConflict,
      sink: demandingSink(guards.sink(plan), demands),
      limits: connection,
      plannedAtMs: context.clock.now(),
      selection: view.selection,
      sourceHasContent: scope.kind === 'picked' && (await hasContent(source, context.signal)),
      identities: identitiesOf(input.target),
      counters: input.counters,
      quotas: input.quotas ? quotaTreesOf(source, connection, input.target) : null,
      ownerSession: ownerSessionsOf(source),
      onLeftOut: plan.leaveOut,
      onProgress: (counts) => meter.report('Comparing', { done: counts.compared }),
      signal: context.signal,
    })
    const { connectString, tls } = input.target
    const cluster = { connection, connectString, tls, admins: input.admins }
    const { warnings } = await guards.finish(context, cluster, asInTarget(source, view))
    const refusals = input.askTarget ? await warnOfRefusals(context, connection, demands) : []
    const summary = { ...planned, warnings: [...refusals, ...guards.join(warnings, planned.warnings)] }
    await plan.finish({
      summary,
      connectString: input.target.connectString,
      clusterName: input.names.target,
      undoOf: null,
    })
    return summary
  } catch (error) {
    await plan.abandon()
    throw error
  }
}

/** The source by the paths that its znodes get in the target. */
function asInTarget(source: TreeReader, { sourcePath, targetPath }: PlanView): Pick<TreeReader, 'get'> {
  return {
    get: async (path, options) =>
      isWithin(path, targetPath) ? source.get(mapPath(path, targetPath, sourcePath), options) : { kind: 'missing' },
  }
}

interface PlanView {
  readonly live: PartialTree
  readonly source: PartialTree
  readonly sourcePath: string
  readonly targetPath: string
  readonly selection?: RestoreSelection
}

/** Both trees as the plan is to see them: never more than the source holds, and never more than was asked for. */
function viewOf(
  source: TreeReader,
  live: TreeReader,
  wanted: RestoreScope,
  onLeftOut: PlanRestoreToInput['onLeftOut'],
): PlanView {
  const scope = scopeOf(source)
  const isWhole = scope.kind === 'subtrees' && scope.paths.includes(ROOT)
  switch (wanted.kind) {
    case 'all':
      return isWhole ? { live, source, sourcePath: ROOT, targetPath: ROOT } : partsOf(source, live, scope, scope.paths)
    case 'subtree': {
      const path = parsePath(wanted.path)
      const targetPath = parsePath(wanted.targetPath ?? path)
      if (scope.kind === 'subtrees' && scope.paths.some((root) => isWithin(path, root))) {
        return { live, source, sourcePath: path, targetPath }
      }
      const held = scope.paths.filter((root) => isWithin(root, path))
      if (held.length === 0) throw notHeld(path, scope)
      if (targetPath !== path) {
        throw new EngineError('BAD_SOURCE', `${path} cannot be put elsewhere: the backup holds only parts of it`, {
          unaffected: 'nothing was planned',
          remedy: `choose one of ${scope.paths.slice(0, 3).join(', ')}`,
        })
      }
      return partsOf(source, live, scope, held)
    }
    case 'picked': {
      const paths = wanted.paths.map(parsePath)
      const subtrees = wanted.subtrees.map(parsePath)
      const roots = parseRoots([...paths, ...subtrees])
      const held =
        scope.kind === 'touched'
          ? scope.paths.filter((path) => roots.some((root) => isWithin(path, root)))
          : roots.flatMap((root) => intersectRoots(scope.paths, root))
      if (paths.length + subtrees.length === 0 || held.length === 0) throw notHeld(roots[0] ?? ROOT, scope)
      const rules = new IgnoreRules(wanted.leaveOut ?? [])
      const leaveOut = (change: Change) => {
        const rule = rules.find(change)
        if (rule) onLeftOut?.(rule)
        return rule !== null
      }
      return { ...partsOf(source, live, scope, held), selection: { paths, subtrees, leaveOut } }
    }
  }
}

/** Ancestors of the parts are in view, so that a missing one can be created on the way, and not selected, so that they stay as they are. */
function partsOf(source: TreeReader, live: TreeReader, scope: TreeScope, paths: readonly string[]): PlanView {
  const parts = { paths, kind: scope.kind }
  return {
    live: scopedTree(live, parts),
    source: scopedTree(source, parts),
    sourcePath: ROOT,
    targetPath: ROOT,
    selection: scope.kind === 'touched' ? { paths } : { subtrees: paths },
  }
}

/** Of hand-picked paths, all may be deletions: that the source is not an empty one shows elsewhere in it. */
async function hasContent(source: TreeReader, signal: AbortSignal | undefined): Promise<boolean> {
  const page = await source.listChildren(ROOT, { limit: 2, signal })
  return page.kind === 'page' && page.children.some(({ name }) => !isSystemPath(`/${name}`))
}

function notHeld(path: string, scope: TreeScope): EngineError {
  const held = scope.paths.slice(0, 3).join(', ')
  return new EngineError('BAD_SOURCE', `The source does not hold ${path}`, {
    unaffected: 'nothing was planned',
    remedy: `it holds ${held}${scope.paths.length > 3 ? ` and ${scope.paths.length - 3} more` : ''}`,
  })
}
