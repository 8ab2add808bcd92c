import { createHash } from 'node:crypto'
import { RestoreError } from './errors.ts'
import type { PlanStep, PlanSummary } from './plan.ts'
import { encodeStep } from './step-codec.ts'

/** What a plan is about, known before its first step; the hash begins with it. Times and zxids of planning are not part. */
export type PlanHeader = Pick<PlanSummary, 'mode' | 'onConflict' | 'source' | 'target' | 'sourcePath' | 'targetPath'>

/** SHA-256 over the header line and every step line, each ended by a line feed. The same plan made twice has the same hash. */
export class PlanHasher {
  private readonly hash = createHash('sha256')

  constructor(header: PlanHeader) {
    const { mode, onConflict, source, target, sourcePath, targetPath } = header
    this.addLine(
      JSON.stringify({ format: 'arkeeper-plan-1', mode, onConflict, source, target, sourcePath, targetPath }),
    )
  }

  addLine(line: string): void {
    this.hash.update(line)
    this.hash.update('\n')
  }

  /** `sha256:` + hex. Ends the hasher. */
  finish(): string {
    return `sha256:${this.hash.digest('hex')}`
  }
}

/** Reads all steps. Throws RestoreError PLAN_MISMATCH when they are not the ones that the summary's hash stands for. */
export async function assertPlanSteps(
  summary: PlanHeader & Pick<PlanSummary, 'plan' | 'steps'>,
  steps: AsyncIterable<PlanStep>,
): Promise<void> {
  const hasher = new PlanHasher(summary)
  let count = 0
  for await (const step of steps) {
    hasher.addLine(encodeStep(step))
    count++
  }
  const found = hasher.finish()
  if (found !== summary.plan || count !== summary.steps) {
    throw new RestoreError('PLAN_MISMATCH', `The steps give ${found}, the plan that was confirmed is ${summary.plan}`, {
      details: { found, expected: summary.plan, steps: count },
      unaffected: 'nothing was written',
      remedy: 'make the plan again',
    })
  }
}
