import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import type { ErrorView } from '../error-view.ts'
import { ServiceError } from '../errors.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import type { DiffView } from './views.ts'

export const DIFF_COLUMNS = {
  id: true,
  clusterId: true,
  otherClusterId: true,
  left: true,
  right: true,
  leftLabel: true,
  rightLabel: true,
  path: true,
  options: true,
  state: true,
  summary: true,
  ignoreRules: true,
  dir: true,
  createdAt: true,
  finishedAt: true,
  jobId: true,
} as const

export interface DiffRow {
  readonly id: string
  readonly clusterId: string | null
  readonly otherClusterId: string | null
  readonly left: unknown
  readonly right: unknown
  readonly leftLabel: string
  readonly rightLabel: string
  readonly path: string
  readonly options: unknown
  readonly state: string
  readonly summary: unknown
  readonly ignoreRules: unknown
  readonly dir: string
  readonly createdAt: Date
  readonly finishedAt: Date | null
  readonly jobId: string | null
}

const count = z.number()
export const diffSummarySchema = z.object({
  added: count,
  removed: count,
  changed: count,
  compared: count,
  ephemeralSkipped: count,
  unreadable: z.array(z.string()),
  byField: z.object({ data: count, acl: count, kind: count }),
  byTop: z.array(z.object({ path: z.string(), added: count, removed: count, changed: count })),
  durationMs: count,
})
export type DiffSummary = z.infer<typeof diffSummarySchema>

export const diffOptionsSchema = z.object({ includeEphemerals: z.boolean().default(false) })

const STATES: readonly DiffView['state'][] = ['queued', 'running', 'ready', 'failed']

export async function getDiffRow(context: Pick<ServiceContext, 'db'>, diffId: string): Promise<DiffRow> {
  const row = await context.db.diff.findUnique({ where: { id: diffId }, select: DIFF_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no diff ${diffId}`)
  return row
}

/** The result can be read; throws WRONG_STATE while it is being made or when it failed. */
export async function getReadyDiff(context: Pick<ServiceContext, 'db'>, diffId: string): Promise<DiffRow> {
  const row = await getDiffRow(context, diffId)
  if (row.state !== 'ready') {
    throw new ServiceError('WRONG_STATE', `The diff is ${row.state}`, { remedy: 'wait for its job, or retry it' })
  }
  return row
}

export async function toDiffViews(context: Pick<ServiceContext, 'db'>, rows: readonly DiffRow[]): Promise<DiffView[]> {
  const errors = await findJobErrors(
    context,
    rows.filter((row) => row.state === 'failed').map((row) => row.jobId),
  )
  return rows.map((row) => ({
    id: row.id,
    clusterId: row.clusterId,
    otherClusterId: row.otherClusterId,
    left: String(row.left),
    right: String(row.right),
    leftLabel: row.leftLabel,
    rightLabel: row.rightLabel,
    path: row.path,
    includeEphemerals: diffOptionsSchema.parse(row.options).includeEphemerals,
    state: STATES.find((state) => state === row.state) ?? 'failed',
    jobId: row.jobId,
    error: row.jobId === null ? null : (errors.get(row.jobId) ?? null),
    summary: diffSummarySchema.safeParse(row.summary).data ?? null,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }))
}

/** Why the jobs failed: job → error. */
export async function findJobErrors(
  context: Pick<ServiceContext, 'db'>,
  jobIds: readonly (string | null)[],
): Promise<Map<string, ErrorView>> {
  const ids = jobIds.filter((id) => id !== null)
  const errors = new Map<string, ErrorView>()
  if (ids.length === 0) return errors
  const jobs = await context.db.job.findMany({
    where: { id: { in: ids } },
    select: { id: true, state: true, error: true },
  })
  for (const job of jobs) {
    const error = parseErrorView(job.error)
    if (job.state === 'cancelled') errors.set(job.id, { code: 'CANCELLED', message: 'the work was cancelled' })
    else if (error) errors.set(job.id, error)
  }
  return errors
}
