import type { ServiceContext } from '../context.ts'
import { runDueAuditPrune } from './prune-audit.ts'
import { runDueAuditWatch } from './run-audit-watch.ts'
import { runDueCheckpoint } from './run-checkpoint.ts'

/** What the audit needs by the clock, one thing after the other; always false: none of it leaves more to do at once. */
export async function runDueAuditWork(context: ServiceContext, owner: string): Promise<boolean> {
  await runDueCheckpoint(context)
  await runDueAuditPrune(context)
  await runDueAuditWatch(context, owner)
  return false
}
