import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { lookAtRest, type RestLine } from '../../domain/restore/look-at-rest.ts'
import type { ServiceContext } from '../context.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { parseInput } from '../parse-input.ts'
import { getRestoreRow } from './find-restore.ts'
import { describeExpectation } from './list-plan-steps.ts'
import type { StaleLineView } from './views.ts'

const inputSchema = z.object({
  restoreId: z.string(),
  /** Index of the last step that was looked at before. */
  after: z.number().int().min(-1).default(-1),
  limit: z.number().int().min(1).max(500).default(100),
})

export interface StaleLinesPage {
  readonly lines: readonly StaleLineView[]
  /** Steps of this page that the live tree was asked about. */
  readonly lookedAt: number
  /** Steps of the whole plan. */
  readonly steps: number
  /** Where to go on; null when the whole plan was looked at. */
  readonly next: number | null
}

/** Of one request: a live tree is asked no more than this before it answers. */
const LOOKED_AT_MAX = 20_000
const TIME_MAX_MS = 2_000

/**
 * The steps not carried out yet that no longer fit the live tree, expected against found, from `after` on. Ends early when there are
 * enough lines or when it takes too long: `next` says where to go on. The guards of the run decide in the end.
 */
export async function listStaleLines(
  context: ServiceContext,
  input: z.input<typeof inputSchema>,
): Promise<StaleLinesPage> {
  const { restoreId, after, limit } = parseInput(inputSchema, input)
  const row = await getRestoreRow(context, restoreId)
  if (row.planHash === null) return { lines: [], lookedAt: 0, steps: 0, next: null }
  const directory = new RestoreDirectory(await context.workFiles.fetch(row.dir))
  const { summary } = await directory.readPlan()
  const { steps } = summary
  const connection = await context.sessions.borrow(row.clusterId, { signal: context.signal })
  const startedAt = context.clock.now()
  const lines: StaleLineView[] = []
  let lookedAt = 0
  const look = lookAtRest({
    steps: () => directory.readStepBatches(),
    journal: await directory.readJournal(),
    live: connection,
    from: after + 1,
    signal: context.signal,
  })
  for await (const round of look) {
    for (const line of round) {
      if (lines.length === limit) return { lines, lookedAt, steps, next: line.step.index - 1 }
      lookedAt++
      if (line.verdict === 'stale') lines.push(toStaleLineView(line))
    }
    const isEnough = lookedAt >= LOOKED_AT_MAX || context.clock.now() - startedAt > TIME_MAX_MS
    const last = round.at(-1)?.step.index ?? steps
    if (isEnough && last < steps - 1) return { lines, lookedAt, steps, next: last }
  }
  return { lines, lookedAt, steps, next: null }
}

function toStaleLineView({ step, live, reason }: RestLine): StaleLineView {
  return {
    index: step.index,
    step: step.step,
    path: step.path,
    reason: reason ?? 'refused',
    expected: describeExpectation(step),
    found: describeFound(live),
  }
}

function describeFound(live: RestLine['live']): string {
  if (live.kind === 'missing') return 'gone'
  if (live.kind === 'unreadable') return `unreadable: ${live.message}`
  const { version, aversion, czxid } = live.znode.stat
  const children = live.numChildren === 0 ? '' : `, ${live.numChildren} below it`
  return `version ${version}, ACL version ${aversion}, created at ${formatHex64(czxid)}${children}`
}
