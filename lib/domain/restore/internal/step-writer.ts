import type { PlanStep, PlanSummary } from '../plan.ts'
import { PlanHasher, type PlanHeader } from '../plan-hash.ts'
import type { PlanSink } from '../ports.ts'
import { encodeStep } from '../step-codec.ts'
import { DeletionCount } from './deletion-count.ts'

/** A step whose place in the plan is not known yet. */
export type Unnumbered<S> = S extends PlanStep ? Omit<S, 'index'> : never

/** What the steps themselves say of a plan. */
type StepFacts = Pick<
  PlanSummary,
  'plan' | 'creates' | 'updates' | 'deletes' | 'aclChanges' | 'steps' | 'dataBytes' | 'deletions'
>

/** Numbers, hashes, counts and hands on the steps of a plan: each is encoded once. */
export class StepWriter {
  readonly totals = { create: 0, setData: 0, delete: 0, setAcl: 0, advanceCounter: 0 }
  private readonly sink: PlanSink
  private readonly hasher: PlanHasher
  private readonly deletions: DeletionCount
  private steps = 0
  private dataBytes = 0

  constructor(header: PlanHeader, sink: PlanSink) {
    this.sink = sink
    this.hasher = new PlanHasher(header)
    this.deletions = new DeletionCount(header.targetPath)
  }

  async write(step: Unnumbered<PlanStep>): Promise<void> {
    const numbered: PlanStep = { ...step, index: this.steps++ }
    this.totals[step.step]++
    if (numbered.step === 'create' || numbered.step === 'setData') this.dataBytes += numbered.data?.length ?? 0
    if (numbered.step === 'delete') this.deletions.add(numbered.path)
    const line = encodeStep(numbered)
    this.hasher.addLine(line)
    const written = this.sink.write(numbered, line)
    if (written) await written
  }

  /** After the last step. */
  finish(): StepFacts {
    const { totals, steps, dataBytes } = this
    return {
      plan: this.hasher.finish(),
      creates: totals.create,
      updates: totals.setData,
      deletes: totals.delete,
      aclChanges: totals.setAcl,
      steps,
      dataBytes,
      deletions: this.deletions.list(),
    }
  }
}
