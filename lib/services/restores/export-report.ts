import { toCsvLine } from '../../base/csv.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { stringifyJson } from '../../base/json.ts'
import type { PlanStep } from '../../domain/restore/plan.ts'
import { type StepResult, StepResults } from '../../domain/restore/step-results.ts'
import { findCluster } from '../clusters/find-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { getRestoreRow } from './find-restore.ts'
import { describeExpectation } from './list-plan-steps.ts'
import { auditPathOf } from './restore-scope.ts'

export interface ExportReportOptions {
  readonly format?: 'jsonl' | 'csv'
  /** Only steps of this kind: the deletions of a mirror, for example. */
  readonly kind?: PlanStep['step']
}

const COLUMNS = ['index', 'step', 'path', 'outcome', 'zxid', 'conflict', 'resolution', 'expected']

/**
 * Every operation of the plan with what became of it, by the journal, one line of text at a time. JSON Lines of all steps go on with
 * everything of the source that the plan does not carry (`leftOut`), and a last line with the numbers of both (`fidelity`).
 */
export async function* exportReport(
  context: ServiceContext,
  restoreId: string,
  { format = 'jsonl', kind }: ExportReportOptions = {},
): AsyncGenerator<string, void, void> {
  const row = await getRestoreRow(context, restoreId)
  await assertActorCan(context, {
    action: 'restore.export',
    cluster: await findCluster(context, row.clusterId),
    otherClusterId: row.otherClusterId,
    path: auditPathOf(row.scope),
    after: { restore: restoreId },
  })
  if (row.planHash === null) throw new ServiceError('WRONG_STATE', 'The restore has no plan')
  const directory = new RestoreDirectory(await context.workFiles.fetch(row.dir))
  const { summary } = await directory.readPlan()
  const results = new StepResults(await directory.readJournal(), summary.steps)
  if (format === 'csv') yield toCsvLine(COLUMNS)
  for await (const step of directory.readSteps()) {
    if (kind !== undefined && step.step !== kind) continue
    const result = results.of(step.index)
    yield format === 'csv' ? toCsvRow(step, result) : toJsonLine(step, result)
  }
  if (format === 'csv' || kind !== undefined) return
  for await (const lines of directory.readLeftOut()) for (const line of lines) yield `${line}\n`
  const report = await directory.findReport()
  yield `${stringifyJson({ fidelity: summary.fidelity, readBack: report?.fidelity ?? null })}\n`
}

function toJsonLine(step: PlanStep, { kind, zxid, reason }: StepResult): string {
  const { index, path } = step
  const isWritten = kind === 'applied' || kind === 'overwritten'
  return `${stringifyJson({
    index,
    step: step.step,
    path,
    outcome: kind,
    ...(isWritten ? { zxid } : {}),
    ...(reason === null ? {} : { conflict: reason, resolution: resolutionOf(kind) }),
    expected: describeExpectation(step),
  })}\n`
}

function toCsvRow(step: PlanStep, { kind, zxid, reason }: StepResult): string {
  const resolution = reason === null ? '' : resolutionOf(kind)
  const known = [kind, zxid === null ? '' : formatHex64(zxid), reason ?? '', resolution]
  return toCsvLine([String(step.index), step.step, step.path, ...known, describeExpectation(step)])
}

function resolutionOf(kind: StepResult['kind']): string {
  return kind === 'conflict' ? 'stopped' : kind
}
