import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ClusterTarget } from '../adapters/zookeeper/connection.ts'
import { countOf } from '../base/count-of.ts'
import { CancelledError } from '../base/errors.ts'
import { stringifyJson } from '../base/json.ts'
import { COUNTER_OPERATIONS_MAX, type CounterOptions, type PlanFidelity } from '../domain/restore/fidelity.ts'
import type { ConflictPolicy, PlanSummary, RestoreMode } from '../domain/restore/plan.ts'
import { encodeStep } from '../domain/restore/step-codec.ts'
import { RestoreCutShort } from '../services/engine/errors.ts'
import { executeRestore } from '../services/engine/execute-restore.ts'
import { parseLiveSource } from '../services/engine/open-source.ts'
import { planRestoreTo } from '../services/engine/plan-restore-to.ts'
import { planUndoFrom } from '../services/engine/plan-undo-from.ts'
import { RestoreDirectory, type RestoreReport } from '../services/engine/restore-directory.ts'
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
    '                   [--counters leave|burn] [--counters-cap N] [--quotas] [--steps] [--apply] [--journal DIR] [--json]\n' +
    '       arkeeper restore --resume DIR | --undo DIR [--apply] [--journal DIR]',
  summary: 'plan (default: prints it, changes nothing); --apply runs it; --resume goes on; --undo takes it back',
  options: {
    path: 'string',
    to: 'string',
    mode: 'string',
    'on-conflict': 'string',
    counters: 'string',
    'counters-cap': 'string',
    quotas: 'boolean',
    journal: 'string',
    steps: 'boolean',
    apply: 'boolean',
    resume: 'string',
    undo: 'string',
  },
  positionals: { min: 0, max: 2 },
  run: async (input) => {
    const resumeDir = text(input, 'resume')
    const undoDir = text(input, 'undo')
    if (resumeDir !== undefined && undoDir !== undefined) throw badUsage('--resume and --undo exclude each other')
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
  const { context, terminal, auth } = input
  const target = parseLiveSource(argument(input, 1), auth)
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
  const { context, auth } = input
  const done = await new RestoreDirectory(undoDir).readPlan()
  const target: ClusterTarget = { connectString: done.connectString, auth }
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    const summary = await planUndoFrom(context, {
      undoDir,
      dir,
      connection,
      target,
      onConflict: choice(input, 'on-conflict', POLICIES, 'stop'),
      source: `undo of ${done.summary.plan}`,
    })
    if (!flag(input, 'apply')) return await show(input, dir, summary)
  } finally {
    await connection.close()
  }
  return apply(input, dir, target)
}

async function resume(input: CommandInput, dir: string): Promise<ExitStatus> {
  // Asked before the lock, which would make the folder of a wrong name.
  const { connectString } = await new RestoreDirectory(dir).readPlan()
  return locked(dir, () => apply(input, dir, { connectString, auth: input.auth }))
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
  const { plan, applied, alreadyDone, conflicts, overwritten, skipped, verified, differences, stopped } = end.report
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
  if (stopped) await terminal.line(`go on with: arkeeper restore --resume ${dir}`)
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
  const { mode, creates, updates, deletes, aclChanges, skipped, warnings } = summary
  if (flag(input, 'json')) {
    await terminal.line(
      stringifyJson({
        plan: summary.plan,
        mode,
        creates,
        updates,
        deletes,
        aclChanges,
        skipped,
        warnings,
        fidelity: describeFidelity(summary.fidelity, null),
      }),
    )
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
