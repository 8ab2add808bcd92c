import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import type { ConflictReason } from '../domain/restore/conflict.ts'
import type { PlanFidelity } from '../domain/restore/fidelity.ts'
import type { PlanSummary } from '../domain/restore/plan.ts'
import type { LaterWrite } from '../domain/restore/plan-undo.ts'
import { encodeStep } from '../domain/restore/step-codec.ts'
import { StepResults } from '../domain/restore/step-results.ts'
import { readLaterWrites } from '../services/engine/later-writes-file.ts'
import { RestoreDirectory, type RestoreReport } from '../services/engine/restore-directory.ts'
import { type CommandInput, type ExitStatus, flag } from './command.ts'
import { describeFidelity, fidelityLines } from './describe-fidelity.ts'

const DELETES_SHOWN_MAX = 100

/** What was asked for and is in no step, by reason; ephemerals, /zookeeper and what the mode leaves alone were not asked for. */
export function findLeftOut({ skipped }: PlanSummary): { readonly reason: string; readonly count: number }[] {
  return Object.entries(skipped)
    .filter(([reason, count]) => count > 0 && !['ephemeral', 'system', 'mode'].includes(reason))
    .map(([reason, count]) => ({ reason, count }))
}

/** What came of a run. */
export async function tellEnd(
  { values, terminal }: CommandInput,
  dir: string,
  end: {
    readonly report: RestoreReport
    readonly leftOut: ReturnType<typeof findLeftOut>
    readonly fidelity: PlanFidelity | null
  },
): Promise<void> {
  const { plan, applied, alreadyDone, overwritten, skipped, verified, differences, stopped } = end.report
  const conflicts = [...end.report.conflicts, ...(await findLaterWritesLeft(dir))]
  if (flag({ values }, 'json')) {
    const leftOut = Object.fromEntries(end.leftOut.map(({ reason, count }) => [reason, count]))
    await terminal.line(
      stringifyJson({
        plan,
        applied,
        conflicts,
        skipped,
        verified,
        journal: dir,
        alreadyDone,
        overwritten,
        differences,
        leftOut,
        fidelity: describeFidelity(end.fidelity, end.report.fidelity),
      }),
    )
    return
  }
  for (const { path, reason } of conflicts) await terminal.line(`conflict  ${path}: ${reason}`)
  for (const { path, reason } of overwritten) await terminal.line(`overwrote ${path}: ${reason}`)
  for (const { path, change } of differences) await terminal.line(`differs   ${path}: ${change}`)
  for (const { reason, count } of end.leftOut) await terminal.line(`left out  ${countOf(count, 'znode')}: ${reason}`)
  for (const line of fidelityLines(end.fidelity, end.report.fidelity)) await terminal.line(line)
  await terminal.line(
    `${countOf(applied, 'step')} written, ${alreadyDone} found done, ${skipped} skipped; ${describeEnd(stopped, verified)}`,
  )
  if (stopped) {
    await terminal.line(`go on with: arkeeper restore --resume ${dir}`)
    await terminal.line(`or plan what is left anew: arkeeper restore --replan ${dir}`)
  }
  if (applied > 0) await terminal.line(`take it back with: arkeeper restore --undo ${dir}`)
}

function describeEnd(stopped: boolean, verified: boolean | null): string {
  if (stopped) return 'stopped at a conflict'
  return verified ? 'read back and found equal' : 'read back and NOT equal'
}

/** The plan, and that it was not run. */
export async function showPlan(input: CommandInput, dir: string, summary: PlanSummary): Promise<ExitStatus> {
  const { terminal } = input
  if (flag(input, 'steps')) {
    for await (const step of new RestoreDirectory(dir).readSteps()) await terminal.line(encodeStep(step))
    return 0
  }
  const { mode, creates, updates, deletes, aclChanges, skipped, warnings, laterWrites, deletions } = summary
  if (flag(input, 'json')) {
    const plan = { plan: summary.plan, mode, creates, updates, deletes, aclChanges, skipped, warnings }
    const fidelity = describeFidelity(summary.fidelity, null)
    await terminal.line(stringifyJson({ ...plan, fidelity, onConflict: summary.onConflict, laterWrites, deletions }))
    return 0
  }
  await terminal.line(`plan ${summary.plan}`)
  await terminal.line(`${summary.source} → ${summary.target}, mode ${mode}`)
  await terminal.line(
    [
      countOf(creates, 'create'),
      countOf(updates, 'update'),
      countOf(deletes, 'delete'),
      countOf(aclChanges, 'ACL change'),
    ].join(', '),
  )
  for (const [reason, count] of Object.entries(skipped)) {
    if (count > 0) await terminal.line(`${count} left out: ${reason}`)
  }
  for (const line of fidelityLines(summary.fidelity, null)) await terminal.line(line)
  if (deletes > 0) await showDeletes(input, dir, deletes)
  for (const { code, path, message, severity, advice } of warnings) {
    await terminal.line(`${(severity ?? 'warning').padEnd(8)} ${code} ${path}: ${message}`)
    if (advice) await terminal.line(`         ${advice}`)
  }
  await terminal.line('nothing was written; --apply runs the plan')
  return 0
}

/** What an undo found written by others since, and left as it is. */
async function findLaterWritesLeft(dir: string): Promise<{ readonly path: string; readonly reason: string }[]> {
  const { laterWrites } = (await new RestoreDirectory(dir).readPlan()).summary
  const left: { path: string; reason: string }[] = []
  if (laterWrites === undefined || laterWrites.count === 0) return left
  for await (const { path, what } of readLaterWrites(dir)) {
    if (left.length === LATER_SHOWN_MAX) break
    if (!laterWrites.overwritten || what === 'children') left.push({ path, reason: LATER_REASONS[what] })
  }
  return left
}

const LATER_SHOWN_MAX = 1000
const LATER_REASONS = {
  data: 'version',
  acl: 'acl-version',
  deleted: 'missing',
  created: 'exists',
  children: 'not-empty',
} as const satisfies Record<LaterWrite['what'], ConflictReason>

/** What became of each step, by the journal: JSON Lines with --json. */
export async function showResults(input: CommandInput, dir: string): Promise<ExitStatus> {
  const { terminal } = input
  const directory = new RestoreDirectory(dir)
  const { summary } = await directory.readPlan()
  const results = new StepResults(await directory.readJournal(), summary.steps)
  for await (const { index, step, path } of directory.readSteps()) {
    const { kind, zxid, reason } = results.of(index)
    if (flag(input, 'json')) await terminal.line(stringifyJson({ index, step, path, outcome: kind, zxid, reason }))
    else await terminal.line(`${kind.padEnd(13)} ${step.padEnd(8)} ${path}${reason === null ? '' : `: ${reason}`}`)
  }
  const { skipped, conflict, 'in-doubt': doubt, 'not-reached': notReached } = results.counts()
  return skipped + conflict + doubt + notReached === 0 ? 0 : 1
}

/** What a plan takes away is named, not only counted. */
async function showDeletes({ terminal }: CommandInput, dir: string, deletes: number): Promise<void> {
  let shown = 0
  for await (const step of new RestoreDirectory(dir).readSteps()) {
    if (step.step !== 'delete') continue
    if (shown === DELETES_SHOWN_MAX) break
    shown++
    await terminal.line(`delete   ${step.path}`)
  }
  if (deletes > shown) await terminal.line(`delete   … and ${deletes - shown} more; --steps lists all`)
}
