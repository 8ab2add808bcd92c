import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import type { ConflictPolicy, PlanWarning } from '../../domain/restore/plan.ts'
import type { PlanSink } from '../../domain/restore/ports.ts'
import {
  askTarget,
  describeRefusal,
  type PreflightDemands,
  type PreflightReport,
  type Refusal,
} from '../../domain/restore/preflight.ts'
import type { EngineContext } from '../context.ts'
import { EngineError } from './errors.ts'

const NAMED_MAX = 3

/** The sink, and the demands of what goes into it. */
export function demandingSink<Sink extends PlanSink>(sink: Sink, demands: PreflightDemands): PlanSink {
  return {
    write: (step, line) => {
      demands.add(step)
      return sink.write(step, line)
    },
  }
}

/** What the target will not do, as warnings of a plan. Nothing is changed by asking. */
export async function warnOfRefusals(
  context: Pick<EngineContext, 'signal'>,
  connection: ClusterConnection,
  demands: PreflightDemands,
): Promise<PlanWarning[]> {
  const report = await askTarget(demands, connection, { signal: context.signal })
  return report.refusals.map((refusal) => ({
    code: `target-${refusal.code}`,
    path: refusal.path,
    message: refusal.steps > 1 ? `${refusal.message} (${countOf(refusal.steps, 'step')})` : refusal.message,
    severity: 'danger',
    advice: adviceFor(refusal),
  }))
}

/**
 * Throws PREFLIGHT_REFUSED when the target will not do some of it: half a restore helps nobody. Where conflicts are skipped, what is
 * refused is one of them, as was chosen, and only a target that takes nothing at all ends the run.
 */
export async function assertTargetWilling(
  context: Pick<EngineContext, 'signal'>,
  connection: ClusterConnection,
  demands: PreflightDemands,
  onConflict: ConflictPolicy,
): Promise<PreflightReport> {
  const report = await askTarget(demands, connection, { signal: context.signal })
  const refusals = report.refusals.filter(({ code }) => onConflict !== 'skip' || code === 'read-only')
  if (refusals.length === 0) return report
  const named = refusals.slice(0, NAMED_MAX).map(describeRefusal).join('; ')
  const more = refusals.length > NAMED_MAX ? `; and ${refusals.length - NAMED_MAX} more` : ''
  throw new EngineError('PREFLIGHT_REFUSED', `The cluster would refuse a part of it: ${named}${more}`, {
    details: { refusals },
    unaffected: 'nothing was written',
    remedy: `${adviceFor(refusals[0]!)}, or leave these znodes out`,
  })
}

function adviceFor({ code }: Refusal): string {
  switch (code) {
    case 'no-right':
      return 'store credentials that have the right, or let its owner change the ACL'
    case 'acl-refused':
      return 'set up that scheme on the target servers'
    case 'kind-refused':
      return 'set the servers up for that kind'
    case 'quota':
      return 'raise the quota first'
    case 'read-only':
      return 'wait until the ensemble has its quorum again'
    case 'parent-ephemeral':
      return 'let the session end that owns the parent'
    case 'refused':
      return 'look at the log of the server'
  }
}
