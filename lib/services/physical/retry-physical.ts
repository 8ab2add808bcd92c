import { JOB_DEFINITIONS } from '../../jobs/definitions.ts'
import { requireApproval } from '../approvals/require-approval.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { Transaction } from '../gate.ts'
import { assertAlone } from './assert-alone.ts'
import { assertAllowed, getPhysicalRow, ruleFactsOf, toSubject } from './find-physical.ts'
import { canResume, canUndo } from './physical-rules.ts'
import type { PhysicalState } from './views.ts'

const WAITING = { check: 'checking', run: 'queued', undo: 'undoing', verify: 'running' } as const satisfies Record<
  string,
  PhysicalState
>

/**
 * A failed job goes on under the same rules as on the restore's own page, and only the latest one: an older run would stop servers that
 * have their old files back, and could not place anything.
 */
export async function revivePhysical(
  context: ServiceContext,
  tx: Transaction,
  { jobId, physicalId }: { readonly jobId: string; readonly physicalId: string },
): Promise<void> {
  const job = await tx.job.findUniqueOrThrow({ where: { id: jobId }, select: { payload: true } })
  const { task } = JOB_DEFINITIONS['physical-restore'].payload.parse(job.payload)
  const row = await getPhysicalRow({ db: tx }, physicalId)
  if (row.jobId !== jobId) {
    throw new ServiceError('WRONG_STATE', 'A later job works on this restore', { unaffected: 'nothing was changed' })
  }
  const facts = await ruleFactsOf({ db: tx, clock: context.clock, workFiles: context.workFiles }, row)
  if (task === 'run') assertAllowed(canResume(facts))
  if (task === 'undo') assertAllowed(canUndo(facts))
  if (task === 'run' || task === 'undo') {
    await assertAlone(context, tx, row)
    await requireApproval(context, tx, toSubject(row), task)
  }
  await tx.physicalRestore.updateMany({
    where: { id: physicalId, jobId },
    data: { state: WAITING[task], finishedAt: null },
  })
}
