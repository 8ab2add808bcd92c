import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import type { PlanStep } from '../../domain/restore/plan.ts'
import { isWithin } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { parseInput } from '../parse-input.ts'
import { getRestoreRow } from './find-restore.ts'
import type { PlanStepView } from './views.ts'

const inputSchema = z.object({
  restoreId: z.string(),
  /** Index of the last step of the page before. */
  after: z.number().int().min(-1).default(-1),
  limit: z.number().int().min(1).max(1000).default(200),
  kind: z.enum(['create', 'setData', 'setAcl', 'delete', 'advanceCounter']).optional(),
  /** Only steps at or below this path. */
  under: z.string().optional(),
})

/** The plan as it will run, page by page. `next` is null at the end. */
export async function listPlanSteps(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  input: z.input<typeof inputSchema>,
): Promise<{ readonly steps: readonly PlanStepView[]; readonly next: number | null }> {
  const { restoreId, after, limit, kind, under } = parseInput(inputSchema, input)
  const row = await getRestoreRow(context, restoreId)
  if (row.planHash === null) return { steps: [], next: null }
  const steps: PlanStepView[] = []
  const directory = new RestoreDirectory(await context.workFiles.fetch(row.dir))
  for await (const step of directory.readSteps(after + 1)) {
    if (kind !== undefined && step.step !== kind) continue
    if (under !== undefined && !isWithin(step.path, under)) continue
    if (steps.length === limit) return { steps, next: steps.at(-1)?.index ?? null }
    steps.push(toStepView(step))
  }
  return { steps, next: null }
}

function toStepView(step: PlanStep): PlanStepView {
  return {
    index: step.index,
    step: step.step,
    path: step.path,
    bytes: step.step === 'create' || step.step === 'setData' ? (step.data?.length ?? null) : null,
    expect: describeExpectation(step),
  }
}

export function describeExpectation(planned: PlanStep): string {
  const { step, expect } = planned
  if (step === 'advanceCounter') {
    const { from, to } = planned
    return `counter below ${to}: from ${from}, with ${2 * (to - from)} creates and deletes`
  }
  if (expect.kind === 'absent') return step === 'create' ? 'nothing there' : 'created by this plan'
  const version = step === 'setAcl' ? `ACL version ${expect.aversion}` : `version ${expect.version}`
  return `${version}, created at ${formatHex64(expect.czxid)}`
}
