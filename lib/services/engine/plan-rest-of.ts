import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import type { ConflictPolicy, PlanSummary } from '../../domain/restore/plan.ts'
import { planRest } from '../../domain/restore/plan-rest.ts'
import { isWithin } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { PlanGuards } from '../guards/plan-guards.ts'
import { fenceOff } from './fence-off.ts'
import { identitiesOf } from './identities.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { RestoreDirectory } from './restore-directory.ts'

export interface PlanRestOfInput {
  /** See PlanRestoreToInput. */
  readonly assertOwned?: () => void
  /** Restore directory whose rest is planned. */
  readonly restDir: string
  /** Restore directory to make; the same one when its plan was not run. */
  readonly dir: string
  /** What `dir` is a copy of, where other hosts are to see it too. */
  readonly folder?: WorkFolder
  readonly connection: ClusterConnection
  readonly target: ClusterTarget
  readonly onConflict: ConflictPolicy
  /** Where the restore came from, for what was to be changed and is gone; null when it cannot be read any more. */
  readonly source: Pick<TreeReader, 'get'> | null
  /** See PlanRestoreToInput. */
  readonly admins?: readonly AdminTarget[]
  readonly onProgress?: OnProgress
}

/** The steps that a run left undone, the stale ones against the live tree of now: a plan like any other. Nothing is written to the cluster. */
export async function planRestOf(context: EngineContext, input: PlanRestOfInput): Promise<PlanSummary> {
  const { connection, source } = input
  const rest = new RestoreDirectory(input.restDir)
  const { summary, clusterName, undoOf } = await rest.readPlan()
  const { sourcePath, targetPath } = summary
  const journal = await fenceOff(context, input.target, rest)
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const guards = await PlanGuards.open(context)
  const plan = await new RestoreDirectory(input.dir, input.folder).writePlan(input.assertOwned)
  try {
    const left = await planRest({
      steps: () => rest.readStepBatches(),
      summary,
      journal,
      live: connection,
      wanted:
        source === null
          ? null
          : async (path) =>
              isWithin(path, targetPath)
                ? source.get(mapPath(path, targetPath, sourcePath), { signal: context.signal })
                : { kind: 'missing' },
      sink: guards.sink(plan),
      onConflict: input.onConflict,
      plannedAtMs: context.clock.now(),
      identities: identitiesOf(input.target),
      onProgress: (done) => meter.report('Looking at the steps that are left', { done, total: summary.steps }),
      signal: context.signal,
    })
    const { connectString, tls } = input.target
    const cluster = { connection, connectString, tls, admins: input.admins }
    const { warnings } = await guards.finish(context, cluster, null)
    const planned = { ...left, warnings: [...warnings, ...left.warnings] }
    await plan.finish({ summary: planned, connectString: input.target.connectString, clusterName, undoOf })
    return planned
  } catch (error) {
    await plan.abandon()
    throw error
  }
}
