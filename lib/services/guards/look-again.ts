import type { PlanWarning } from '../../domain/restore/plan.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { ServiceError } from '../errors.ts'
import { getRestoreRow } from '../restores/find-restore.ts'
import type { AskedServer } from './ask-live-use.ts'
import { PlanGuards } from './plan-guards.ts'

/** Steps that are looked at again: what a page waits for stays a matter of seconds. */
const STEPS_MAX = 200_000
const KEPT_MS = 3_000

export interface LiveGuardsView {
  readonly restoreId: string
  readonly lookedAt: string
  readonly warnings: readonly PlanWarning[]
  /** Which servers were asked who watches what, and which of them told. */
  readonly asked: readonly AskedServer[]
  /** Steps of the plan that were looked at; the others were not. */
  readonly steps: number
  readonly isPart: boolean
}

// Whoever presses twice, or has the page open twice, asks the servers once.
const kept = new Map<string, { readonly at: number; readonly view: Promise<LiveGuardsView> }>()

/** The guards of a plan that waits, asked anew of the live cluster: watches and sessions come and go. Changes nothing. */
export async function lookAgain(context: ServiceContext, restoreId: string): Promise<LiveGuardsView> {
  const row = await getRestoreRow(context, restoreId)
  if (row.planHash === null) throw new ServiceError('WRONG_STATE', 'There is no plan to look at')
  const key = `${row.id} ${row.planHash}`
  const now = context.clock.now()
  for (const [other, { at }] of kept) if (now - at >= KEPT_MS) kept.delete(other)
  const known = kept.get(key)
  if (known) return known.view
  // Others may wait for it by the time that whoever asked first is gone.
  const view = look({ ...context, signal: undefined }, row)
  kept.set(key, { at: now, view })
  try {
    return await view
  } catch (error) {
    kept.delete(key)
    throw error
  }
}

async function look(
  context: ServiceContext,
  row: { readonly id: string; readonly clusterId: string; readonly dir: string },
): Promise<LiveGuardsView> {
  const target = await getClusterTarget(context, row.clusterId)
  const admins = await getAdminTargets(context, row.clusterId)
  const connection = await context.sessions.borrow(row.clusterId, { signal: context.signal })
  const guards = await PlanGuards.open(context)
  let steps = 0
  let isPart = false
  for await (const step of new RestoreDirectory(await context.workFiles.fetch(row.dir)).readSteps()) {
    if (steps === STEPS_MAX) {
      isPart = true
      break
    }
    steps++
    guards.add(step)
  }
  const cluster = { connection, connectString: target.connectString, tls: target.tls, admins }
  const { warnings, asked } = await guards.finish(context, cluster, null)
  return {
    restoreId: row.id,
    lookedAt: new Date(context.clock.now()).toISOString(),
    warnings: warnings.filter(({ code }) => !code.startsWith('application-')),
    asked,
    steps,
    isPart,
  }
}
