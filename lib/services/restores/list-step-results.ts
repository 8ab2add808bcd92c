import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import type { PlanStep } from '../../domain/restore/plan.ts'
import { decodeStep } from '../../domain/restore/step-codec.ts'
import { STEP_RESULTS, type StepResultKind, StepResults } from '../../domain/restore/step-results.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { parseInput } from '../parse-input.ts'
import { getRestoreRow } from './find-restore.ts'
import type { StepResultView } from './views.ts'

const inputSchema = z.object({
  restoreId: z.string(),
  /** Index of the last step of the page before. */
  after: z.number().int().min(-1).default(-1),
  limit: z.number().int().min(1).max(1000).default(100),
  result: z.enum(STEP_RESULTS).optional(),
})

export interface StepResultsPage {
  readonly results: readonly StepResultView[]
  readonly counts: Readonly<Record<StepResultKind, number>>
  readonly next: number | null
}

/** What became of every step of the plan, by the journal, page by page. `next` is null at the end. */
export async function listStepResults(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  input: z.input<typeof inputSchema>,
): Promise<StepResultsPage> {
  const { restoreId, after, limit, result } = parseInput(inputSchema, input)
  const row = await getRestoreRow(context, restoreId)
  const directory = new RestoreDirectory(await context.workFiles.fetch(row.dir))
  if (row.planHash === null) return { results: [], counts: new StepResults(null, 0).counts(), next: null }
  const { summary } = await directory.readPlan()
  const known = new StepResults(await directory.readJournal(), summary.steps)
  const counts = known.counts()
  const results: StepResultView[] = []
  let index = -1
  for await (const lines of directory.readStepLines()) {
    for (const line of lines) {
      index++
      if (index <= after) continue
      const outcome = known.of(index)
      if (result !== undefined && outcome.kind !== result) continue
      if (results.length === limit) return { results, counts, next: results.at(-1)?.index ?? null }
      results.push(toResultView(decodeStep(line), outcome))
    }
  }
  return { results, counts, next: null }
}

function toResultView(step: PlanStep, outcome: ReturnType<StepResults['of']>): StepResultView {
  const { kind, zxid, reason } = outcome
  const { index, path } = step
  return { index, step: step.step, path, result: kind, zxid: zxid === null ? null : formatHex64(zxid), reason }
}
