import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ClusterTarget } from '../adapters/zookeeper/connection.ts'
import { countOf } from '../base/count-of.ts'
import { CancelledError } from '../base/errors.ts'
import { stringifyJson } from '../base/json.ts'
import type { ConflictReason } from '../domain/restore/conflict.ts'
import { COUNTER_OPERATIONS_MAX, type CounterOptions, type PlanFidelity } from '../domain/restore/fidelity.ts'
import type { ConflictPolicy, PlanSummary, RestoreMode } from '../domain/restore/plan.ts'
import type { LaterWrite } from '../domain/restore/plan-undo.ts'
import { encodeStep } from '../domain/restore/step-codec.ts'
import { StepResults } from '../domain/restore/step-results.ts'
import { RestoreCutShort } from '../services/engine/errors.ts'
import { executeRestore } from '../services/engine/execute-restore.ts'
import { readLaterWrites } from '../services/engine/later-writes-file.ts'
import { parseLiveSource } from '../services/engine/open-source.ts'
import { planRestOf } from '../services/engine/plan-rest-of.ts'
import { planRestoreTo } from '../services/engine/plan-restore-to.ts'
import { planUndoFrom } from '../services/engine/plan-undo-from.ts'
import { RestoreDirectory, type RestoreReport } from '../services/engine/restore-directory.ts'
import { archivesFor, RECIPIENT_OPTIONS } from './age-options.ts'
import {
  argument,
  type Command,
  type CommandInput,
  choice,
  type ExitStatus,
  flag,
  pathOption,
  text,
} from './command.ts'
import { describeFidelity, fidelityLines } from './describe-fidelity.ts'
import { badUsage } from './errors.ts'
import { openCommandSource } from './open-command-source.ts'

const MODES: readonly RestoreMode[] = ['create', 'update', 'mirror']
const DELETES_SHOWN_MAX = 100
const FIDELITY_OPTIONS = ['counters', 'counters-cap', 'quotas']
const POLICIES: readonly ConflictPolicy[] = ['stop', 'skip', 'overwrite']

export const restore: Command = {
  usage:
    'restore ARCHIVE|SOURCE zk://… [--path P] [--to PATH] [--mode create|update|mirror] [--on-conflict stop|skip|overwrite]\n' +
    '                   [--counters leave|burn] [--counters-cap N] [--quotas] [--preflight] [--steps] [--apply] [--journal DIR] [--json]\n' +
    '                   [--recipient age1…]… [--recipients-file FILE] (of the safety backup; its undo needs the private key)\n' +
    '       arkeeper restore --resume DIR | --undo DIR | --replan DIR [--on-conflict …] [--apply] [--journal DIR]\n' +
    '       arkeeper restore --results DIR [--json]',
  summary:
    'plan (default: prints it, changes nothing); --apply runs it; --resume goes on; --undo takes it back; ' +
    '--replan plans what is left against the tree of now; --results tells what became of each step',
  options: {
    path: 'string',
    to: 'string',
    mode: 'string',
    'on-conflict': 'string',
    counters: 'string',
    'counters-cap': 'string',
    quotas: 'boolean',
    preflight: 'boolean',
    journal: 'string',
    steps: 'boolean',
    apply: 'boolean',
    resume: 'string',
    undo: 'string',
    replan: 'string',
    results: 'string',
    ...RECIPIENT_OPTIONS,
  },
  positionals: { min: 0, max: 2 },
  run: async (asked) => {
    const input = { ...asked, context: { ...asked.context, archives: await archivesFor(asked) } }
    const resumeDir = text(input, 'resume')
    const undoDir = text(input, 'undo')
    const restDir = text(input, 'replan')
    const resultsDir = text(input, 'results')
    const ways = { resume: resumeDir, undo: undoDir, replan: restDir, results: resultsDir }
    const given = Object.entries(ways).flatMap(([name, dir]) => (dir === undefined ? [] : [`--${name}`]))
    if (given.length > 1) throw badUsage(`${given.join(' and ')} exclude each other`)
    if (resultsDir !== undefined) {
      refuse(
        input,
        ['path', 'to', 'mode', 'on-conflict', 'apply', 'journal', 'steps', ...FIDELITY_OPTIONS],
        '--results',
      )
      return showResults(input, resolve(resultsDir))
    }
    if (restDir !== undefined) {
      refuse(input, ['path', 'to', 'mode', ...FIDELITY_OPTIONS], '--replan')
      return withPlanDir(input, `${resolve(restDir)}-rest`, (dir) => replan(input, resolve(restDir), dir))
    }
    if (resumeDir !== undefined) {
      refuse(input, ['path', 'to', 'mode', 'apply', 'journal', 'steps', ...FIDELITY_OPTIONS], '--resume')
      return resume(input, resolve(resumeDir))
    }
    if (undoDir !== undefined) {
      refuse(input, ['path', 'to', 'mode', ...FIDELITY_OPTIONS], '--undo')
      return withPlanDir(input, `${resolve(undoDir)}-undo`, (dir) => undo(input, resolve(undoDir), dir))
    }
    if (input.positionals.length < 2) throw badUsage('give what is restored, and where to: ARCHIVE|SOURCE zk://…')
    return withPlanDir(input, defaultDir(input), (dir) => plan(input, dir))
  },
}

function refuse(input: CommandInput, names: readonly string[], because: string): void {
  const given = names.find((name) => input.values[name] !== undefined)
  if (given) throw badUsage(`--${given} does not go with ${because}`)
  if (input.positionals.length > 0) throw badUsage(`${because} takes no further argument: the folder says where to`)
}

/** A plan that is only looked at needs no folder of its own: it leaves nothing behind. */
async function withPlanDir(
  input: CommandInput,
  otherwise: string,
  work: (dir: string) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const journal = text(input, 'journal')
  if (journal !== undefined) return locked(resolve(journal), work)
  if (flag(input, 'apply')) return locked(otherwise, work)
  const parent = await mkdtemp(join(tmpdir(), 'arkeeper-plan-'))
  try {
    return await work(join(parent, 'plan'))
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

/** From the planning on: of two that plan into one folder, one would run what the other has read. */
async function locked(dir: string, work: (dir: string) => Promise<ExitStatus>): Promise<ExitStatus> {
  const unlock = await new RestoreDirectory(dir).lock()
  try {
    return await work(dir)
  } finally {
    await unlock()
  }
}

function defaultDir(input: CommandInput): string {
  const time = new Date(input.context.clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return resolve(`arkeeper-restore-${time}`)
}

async function plan(input: CommandInput, dir: string): Promise<ExitStatus> {
  const { context, terminal, access } = input
  const target = parseLiveSource(argument(input, 1), access)
  if (!target) throw badUsage('a restore goes to a cluster: zk://host:port[,host:port…][/chroot]')
  const path = pathOption(input, 'path')
  const targetPath = pathOption(input, 'to')
  const source = await openCommandSource(input, 0)
  try {
    const connection = await context.zookeeper.connect(target, { signal: context.signal })
    try {
      const summary = await planRestoreTo(context, {
        source: source.reader,
        connection,
        target,
        names: { source: source.label, target: target.connectString },
        scope:
          path === undefined && targetPath === undefined
            ? { kind: 'all' }
            : { kind: 'subtree', path: path ?? '/', targetPath },
        mode: choice(input, 'mode', MODES, 'update'),
        onConflict: choice(input, 'on-conflict', POLICIES, 'stop'),
        counters: counterOptions(input),
        quotas: flag(input, 'quotas'),
        dir,
        // With --apply, the run asks before it writes.
        askTarget: flag(input, 'preflight'),
        onProgress: (progress) => terminal.progress(progress),
      })
      terminal.clear()
      if (!flag(input, 'apply')) return show(input, dir, summary)
    } finally {
      await connection.close()
    }
  } finally {
    await source.reader.close()
  }
  return apply(input, dir, target)
}

function counterOptions(input: CommandInput): CounterOptions {
  const mode = choice(input, 'counters', ['leave', 'burn'], 'leave')
  const cap = text(input, 'counters-cap')
  if (cap !== undefined && mode === 'leave') throw badUsage('--counters-cap goes with --counters burn')
  if (cap !== undefined && !/^\d{1,9}$/.test(cap)) throw badUsage(`--counters-cap ${cap} is not a number of operations`)
  return { mode, operationsMax: cap === undefined ? COUNTER_OPERATIONS_MAX : Number(cap) }
}

async function undo(input: CommandInput, undoDir: string, dir: string): Promise<ExitStatus> {
  const { context, access } = input
  const done = await new RestoreDirectory(undoDir).readPlan()
  const target: ClusterTarget = { connectString: done.connectString, ...access }
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    const summary = await planUndoFrom(context, {
      undoDir,
      dir,
      connection,
      target,
      onConflict: choice(input, 'on-conflict', POLICIES, 'stop'),
      laterWrites: text(input, 'on-conflict') === 'overwrite' ? 'overwrite' : 'keep',
      source: `undo of ${done.summary.plan}`,
    })
    if (!flag(input, 'apply')) return await show(input, dir, summary)
  } finally {
    await connection.close()
  }
  return apply(input, dir, target)
}

/** What a run left undone, the stale steps against the tree of now. The source is not asked: what was deleted since stays away. */
async function replan(input: CommandInput, restDir: string, dir: string): Promise<ExitStatus> {
  const { context, terminal, access } = input
  const { connectString, summary: before } = await new RestoreDirectory(restDir).readPlan()
  const target: ClusterTarget = { connectString, ...access }
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    const summary = await planRestOf(context, {
      restDir,
      dir,
      connection,
      target,
      onConflict: choice(input, 'on-conflict', POLICIES, before.onConflict),
      source: null,
      onProgress: (progress) => terminal.progress(progress),
    })
    terminal.clear()
    if (!flag(input, 'apply')) return await show(input, dir, summary)
  } finally {
    await connection.close()
  }
  return apply(input, dir, target)
}

async function resume(input: CommandInput, dir: string): Promise<ExitStatus> {
  // Asked before the lock, which would make the folder of a wrong name.
  const { connectString } = await new RestoreDirectory(dir).readPlan()
  return locked(dir, () => apply(input, dir, { connectString, ...input.access }))
}

async function apply(input: CommandInput, dir: string, target: ClusterTarget): Promise<ExitStatus> {
  const { context, terminal } = input
  const policy = text(input, 'on-conflict')
  try {
    const report = await executeRestore(context, {
      dir,
      target,
      safetyParentDir: join(dir, 'safety'),
      run: randomUUID(),
      onConflict: policy === undefined ? undefined : choice(input, 'on-conflict', POLICIES, 'stop'),
      onProgress: (progress) => terminal.progress(progress),
    })
    terminal.clear()
    const { summary } = await new RestoreDirectory(dir).readPlan()
    const leftOut = findLeftOut(summary)
    await tell(input, dir, { report, leftOut, fidelity: summary.fidelity })
    return report.verified === true && report.conflictCount === 0 && leftOut.length === 0 ? 0 : 1
  } catch (error) {
    const remedy = `go on with: arkeeper restore --resume ${dir}`
    if (error instanceof CancelledError) throw new CancelledError('interrupted', { cause: error, remedy })
    if (!(error instanceof RestoreCutShort)) throw error
    const { code, message, unaffected } = error
    throw new RestoreCutShort(code, message, { cause: error, unaffected, remedy })
  }
}

/** What was asked for and is in no step, by reason; ephemerals, /zookeeper and what the mode leaves alone were not asked for. */
function findLeftOut({ skipped }: PlanSummary): { readonly reason: string; readonly count: number }[] {
  return Object.entries(skipped)
    .filter(([reason, count]) => count > 0 && !['ephemeral', 'system', 'mode'].includes(reason))
    .map(([reason, count]) => ({ reason, count }))
}

async function tell(
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

async function show(input: CommandInput, dir: string, summary: PlanSummary): Promise<ExitStatus> {
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
async function showResults(input: CommandInput, dir: string): Promise<ExitStatus> {
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
