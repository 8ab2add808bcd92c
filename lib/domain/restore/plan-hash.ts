import { createHash } from 'node:crypto'
import { RestoreError } from './errors.ts'
import type { PlanStep, PlanSummary } from './plan.ts'
import { decodeStep } from './step-codec.ts'

/** What a plan is about, known before its first step; the hash begins with it. Times and zxids of planning are not part. */
export type PlanHeader = Pick<
  PlanSummary,
  'mode' | 'onConflict' | 'source' | 'target' | 'sourcePath' | 'targetPath' | 'salt'
>

/** Characters: each call into the hash costs as much as hashing a line. */
const HASHED_AT_ONCE = 64 * 1024

/** SHA-256 over the header line and every step line, each ended by a line feed. The same plan of the same salt has the same hash. */
export class PlanHasher {
  private readonly hash = createHash('sha256')
  private pending: string[] = []
  private pendingLength = 0

  constructor(header: PlanHeader) {
    const { mode, onConflict, source, target, sourcePath, targetPath, salt } = header
    this.addLine(
      JSON.stringify({ format: 'arkeeper-plan-1', mode, onConflict, source, target, sourcePath, targetPath, salt }),
    )
  }

  addLine(line: string): void {
    this.pending.push(line)
    this.pendingLength += line.length
    if (this.pendingLength >= HASHED_AT_ONCE) this.flush()
  }

  /** `sha256:` + hex. Ends the hasher. */
  finish(): string {
    this.flush()
    return `sha256:${this.hash.digest('hex')}`
  }

  private flush(): void {
    if (this.pending.length > 0) this.hash.update(`${this.pending.join('\n')}\n`)
    this.pending = []
    this.pendingLength = 0
  }
}

/**
 * Reads the lines of all steps as they are stored. Throws RestoreError PLAN_MISMATCH when they are not, to the byte, the ones that the
 * summary's hash stands for, and BAD_STEP for a line that is no step. `onStep` hears of each before the whole is proven.
 */
export async function assertPlanSteps(
  summary: PlanHeader & Pick<PlanSummary, 'plan' | 'steps'>,
  lines: AsyncIterable<readonly string[]>,
  onStep: (step: PlanStep) => void = () => undefined,
): Promise<void> {
  const hasher = new PlanHasher(summary)
  let count = 0
  for await (const some of lines) {
    for (const line of some) {
      hasher.addLine(line)
      onStep(decodeStep(line))
      count++
    }
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
