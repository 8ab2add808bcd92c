import { type ApplyPlanInput, type ApplyReport, applyPlan } from '../domain/restore/apply-plan.ts'
import { parseJournal } from '../domain/restore/journal.ts'
import type { PlanStep, PlanSummary } from '../domain/restore/plan.ts'
import { type PlanFromTreesInput, planFromTrees } from '../domain/restore/plan-from-trees.ts'
import { planRest } from '../domain/restore/plan-rest.ts'
import { type LaterWrites, planUndo } from '../domain/restore/plan-undo.ts'
import type { Znode } from '../domain/znode/znode.ts'
import { FakeTarget, type FakeTargetOptions, FakeTree } from './fake-target.ts'
import { MemoryJournal } from './memory-journal.ts'

export const SUPER = { scheme: 'super', id: '' }

export interface MadePlan {
  readonly steps: PlanStep[]
  readonly lines: string[]
  readonly summary: PlanSummary
}

/** A tree as an archive shows it: everything readable, kinds known. */
export function asSource(tree: FakeTree | readonly Znode[]): FakeTarget {
  return new FakeTarget(tree instanceof FakeTree ? tree : new FakeTree(tree), { identities: [SUPER], showKinds: true })
}

/** Plans from a source to a live tree; the session that plans may do everything unless told otherwise. */
export async function makePlan(
  live: FakeTree,
  source: FakeTree | readonly Znode[],
  options: Partial<PlanFromTreesInput> & { target?: FakeTargetOptions } = {},
): Promise<MadePlan> {
  const steps: PlanStep[] = []
  const lines: string[] = []
  const target = new FakeTarget(live, options.target ?? { identities: [SUPER] })
  const summary = await planFromTrees({
    live: target,
    source: asSource(source),
    names: { source: 'backup', target: 'demo' },
    sourcePath: '/',
    targetPath: '/',
    mode: 'update',
    onConflict: 'stop',
    limits: target,
    plannedAtMs: 1,
    identities: [SUPER],
    sink: {
      write: (step, line) => {
        steps.push(step)
        lines.push(line)
      },
    },
    ...options,
  })
  return { steps, lines, summary }
}

/** In batches of odd sizes, one of them empty. */
export async function* stepsOf(steps: readonly PlanStep[]): AsyncGenerator<readonly PlanStep[], void, void> {
  let at = 0
  for (let size = 0; at < steps.length; size += 3) {
    yield steps.slice(at, at + size)
    at += size
  }
}

/** One run in a process of its own: a new session, the journal as the last process left it. */
export async function runPlan(
  plan: MadePlan,
  tree: FakeTree,
  options: Partial<ApplyPlanInput> & { journal?: MemoryJournal; target?: FakeTarget } = {},
): Promise<ApplyReport> {
  const journal = options.journal ?? new MemoryJournal()
  return applyPlan({
    steps: stepsOf(plan.steps),
    summary: plan.summary,
    target: new FakeTarget(tree, { identities: [SUPER] }),
    history: parseJournal(journal.text()),
    run: 'run-1',
    clock: { now: () => 1 },
    ...options,
    journal,
  })
}

export async function makeUndo(
  plan: MadePlan,
  tree: FakeTree,
  options: { journal: MemoryJournal; safety: readonly Znode[] | FakeTree; laterWrites?: LaterWrites },
): Promise<MadePlan> {
  const steps: PlanStep[] = []
  const lines: string[] = []
  const history = parseJournal(options.journal.text())
  if (history === null) throw new Error('the journal is empty')
  const summary = await planUndo({
    steps: stepsOf(plan.steps),
    summary: plan.summary,
    journal: history,
    safety: asSource(options.safety),
    live: new FakeTarget(tree, { identities: [SUPER] }),
    onConflict: 'stop',
    laterWrites: options.laterWrites,
    source: 'undo of run-1',
    plannedAtMs: 2,
    identities: [SUPER],
    sink: {
      write: (step, line) => {
        steps.push(step)
        lines.push(line)
      },
    },
  })
  return { steps, lines, summary }
}

/** What is left of a plan, its stale steps against the tree of now. */
export async function makeRest(
  plan: MadePlan,
  tree: FakeTree,
  options: { journal?: MemoryJournal; source?: readonly Znode[] | FakeTree } = {},
): Promise<MadePlan> {
  const steps: PlanStep[] = []
  const lines: string[] = []
  const source = options.source === undefined ? null : asSource(options.source)
  const summary = await planRest({
    steps: () => stepsOf(plan.steps),
    summary: plan.summary,
    journal: options.journal ? parseJournal(options.journal.text()) : null,
    live: new FakeTarget(tree, { identities: [SUPER] }),
    wanted: source && ((path) => source.get(path)),
    onConflict: 'stop',
    plannedAtMs: 3,
    sink: {
      write: (step, line) => {
        steps.push(step)
        lines.push(line)
      },
    },
  })
  return { steps, lines, summary }
}

/** One line a step: verb, path. */
export function briefSteps(steps: readonly PlanStep[]): string[] {
  return steps.map((step) => `${step.step} ${step.path}`)
}
