import { join } from 'node:path'
import { stringifyJson } from '../../base/json.ts'
import type { JournalState } from '../../domain/restore/journal.ts'
import type { PlanStep } from '../../domain/restore/plan.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { getRestoreRow } from './find-restore.ts'
import { auditPathOf } from './restore-scope.ts'

/**
 * JSON Lines: every operation of the plan with what became of it, by the journal; then everything of the source that the plan does not
 * carry (`leftOut`), and a last line with the numbers of both (`fidelity`).
 */
export async function* exportReport(context: ServiceContext, restoreId: string): AsyncGenerator<string, void, void> {
  const row = await getRestoreRow(context, restoreId)
  await assertActorCan(context, 'restore.export', { path: auditPathOf(row.scope), after: { restore: restoreId } })
  if (row.planHash === null) throw new ServiceError('WRONG_STATE', 'The restore has no plan')
  const directory = new RestoreDirectory(join(context.paths.workDir, row.dir))
  const journal = await directory.readJournal()
  const conflicts = new Map(journal?.conflicts.map((conflict) => [conflict.index, conflict]))
  for await (const step of directory.readSteps()) {
    const conflict = conflicts.get(step.index)
    yield `${stringifyJson({
      index: step.index,
      step: step.step,
      path: step.path,
      ...outcomeOf(journal, step, conflict !== undefined),
      ...(conflict ? { conflict: conflict.reason, resolution: conflict.resolution } : {}),
    })}\n`
  }
  for await (const lines of directory.readLeftOut()) for (const line of lines) yield `${line}\n`
  const { summary } = await directory.readPlan()
  const report = await directory.findReport()
  yield `${stringifyJson({ fidelity: summary.fidelity, readBack: report?.fidelity ?? null })}\n`
}

function outcomeOf(
  journal: JournalState | null,
  step: PlanStep,
  hasConflict: boolean,
): { outcome: string; zxid?: bigint | null } {
  if (journal === null) return { outcome: 'not-run' }
  const applied = journal.findApplied(step.index)
  if (applied) return { outcome: 'applied', zxid: applied.zxid }
  if (journal.doubtful.has(step.index)) return { outcome: 'in-doubt' }
  if (!journal.settled.has(step.index)) return { outcome: 'not-run' }
  return { outcome: hasConflict ? 'skipped' : 'already-done' }
}
