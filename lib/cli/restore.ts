import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ClusterTarget } from '../adapters/zookeeper/connection.ts'
import { CancelledError } from '../base/errors.ts'
import { COUNTER_OPERATIONS_MAX, type CounterOptions } from '../domain/restore/fidelity.ts'
import type { ConflictPolicy, RestoreMode } from '../domain/restore/plan.ts'
import { RestoreCutShort } from '../services/engine/errors.ts'
import { executeRestore } from '../services/engine/execute-restore.ts'
import { parseLiveSource } from '../services/engine/open-source.ts'
import { planRestOf } from '../services/engine/plan-rest-of.ts'
import { planRestoreTo } from '../services/engine/plan-restore-to.ts'
import { planUndoFrom } from '../services/engine/plan-undo-from.ts'
import { RestoreDirectory } from '../services/engine/restore-directory.ts'
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
import { badUsage } from './errors.ts'
import { openCommandSource } from './open-command-source.ts'
import { findLeftOut, showPlan, showResults, tellEnd } from './restore-output.ts'

const MODES: readonly RestoreMode[] = ['create', 'update', 'mirror']
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
      if (!flag(input, 'apply')) return showPlan(input, dir, summary)
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
    if (!flag(input, 'apply')) return await showPlan(input, dir, summary)
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
    if (!flag(input, 'apply')) return await showPlan(input, dir, summary)
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
    await tellEnd(input, dir, { report, leftOut, fidelity: summary.fidelity })
    return report.verified === true && report.conflictCount === 0 && leftOut.length === 0 ? 0 : 1
  } catch (error) {
    const remedy = `go on with: arkeeper restore --resume ${dir}`
    if (error instanceof CancelledError) throw new CancelledError('interrupted', { cause: error, remedy })
    if (!(error instanceof RestoreCutShort)) throw error
    const { code, message, unaffected } = error
    throw new RestoreCutShort(code, message, { cause: error, unaffected, remedy })
  }
}
