import { join } from 'node:path'
import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine } from '../../base/errors.ts'
import type { PlanStep } from '../../domain/restore/plan.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import type { RestoreRow } from './find-restore.ts'

const LOOKED_AT_MAX = 200
const TIMEOUT_MS = 3_000
const KEPT_MS = 5_000

const kept = new Map<string, { readonly at: number; readonly stale: { readonly message: string } | null }>()

/**
 * Whether the live znodes of the plan's first steps are still as it expects. A hint for the page: the guards decide in the end. A cluster
 * that does not answer is not called stale.
 */
export async function findStaleness(
  context: ServiceContext,
  row: RestoreRow,
): Promise<{ readonly message: string } | null> {
  const key = `${row.id} ${row.planHash}`
  const now = context.clock.now()
  const known = kept.get(key)
  if (known && now - known.at < KEPT_MS) return known.stale
  let stale: { message: string } | null = null
  try {
    stale = await withDeadline(look(context, row), { what: 'the look at the plan', timeoutMs: TIMEOUT_MS })
  } catch (error) {
    context.log.warn({ restore: row.id, error: formatErrorLine(error) }, 'Whether a plan is stale could not be told')
  }
  kept.clear()
  kept.set(key, { at: now, stale })
  return stale
}

async function look(context: ServiceContext, row: RestoreRow): Promise<{ message: string } | null> {
  const steps: PlanStep[] = []
  for await (const step of new RestoreDirectory(join(context.paths.workDir, row.dir)).readSteps()) {
    steps.push(step)
    if (steps.length === LOOKED_AT_MAX) break
  }
  if (steps.length === 0) return null
  const connection = await context.sessions.borrow(row.clusterId, { signal: context.signal })
  const readings = await connection.readMany(
    steps.map((step) => step.path),
    { signal: context.signal },
  )
  const created = new Set(steps.filter((step) => step.step === 'create').map((step) => step.path))
  const moved = steps.filter((step, i) => !isAsExpected(step, readings[i], created))
  if (moved.length === 0) return null
  const paths = [...new Set(moved.map((step) => step.path))]
  return {
    message: `${paths.length} of the first ${steps.length} steps no longer fit the live tree: ${paths.slice(0, 3).join(', ')}`,
  }
}

function isAsExpected(step: PlanStep, reading: ZnodeReading | undefined, created: ReadonlySet<string>): boolean {
  if (reading === undefined || reading.kind === 'unreadable') return true
  // An ACL that is set on a znode which the plan creates expects what the plan leaves, not what is there now.
  if (step.step !== 'create' && created.has(step.path)) return true
  const { expect } = step
  if (expect.kind === 'absent') return reading.kind === 'missing'
  if (reading.kind === 'missing') return false
  const { czxid, version, aversion } = reading.znode.stat
  if (czxid !== expect.czxid) return false
  // A counter that others have moved on is none the worse.
  if (step.step === 'advanceCounter') return true
  // A step of the plan itself may come before: it counts the other number up, never its own.
  return step.step === 'setAcl' ? aversion === expect.aversion : version === expect.version
}
