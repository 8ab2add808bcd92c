import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { findJobErrors } from '../diffs/to-diff-view.ts'
import { ServiceError } from '../errors.ts'
import type { SearchQuery } from './schemas.ts'
import type { SearchSummary, SearchView } from './views.ts'

export const SEARCH_COLUMNS = {
  id: true,
  clusterId: true,
  tree: true,
  treeLabel: true,
  path: true,
  pathPattern: true,
  valueForm: true,
  valueSealed: true,
  valueLength: true,
  options: true,
  state: true,
  summary: true,
  dir: true,
  file: true,
  createdAt: true,
  finishedAt: true,
  jobId: true,
} as const

export interface SearchRow {
  readonly id: string
  readonly clusterId: string | null
  readonly tree: string
  readonly treeLabel: string
  readonly path: string
  readonly pathPattern: string
  readonly valueForm: string
  readonly valueSealed: Uint8Array | null
  readonly valueLength: number
  readonly options: unknown
  readonly state: string
  readonly summary: unknown
  readonly dir: string
  readonly file: string | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
  readonly jobId: string | null
}

const optionsSchema = z.object({
  matchCase: z.boolean(),
  kind: z.enum(['any', 'ephemeral', 'lasting']),
  minBytes: z.number().nullable(),
  maxBytes: z.number().nullable(),
})

const count = z.number()
const summarySchema: z.ZodType<SearchSummary> = z.object({
  hits: count,
  cut: z.enum(['hits', 'bytes']).nullable(),
  looked: count,
  bytes: count,
  roots: z.array(z.string()),
  unreadable: z.array(z.string()),
  unreadableCount: count,
  unpacked: count,
  notUnpacked: count,
  masked: count.default(0),
  durationMs: count,
})

const STATES: readonly SearchView['state'][] = ['queued', 'running', 'ready', 'failed', 'cancelled']
const FORMS: readonly SearchView['valueForm'][] = ['none', 'text', 'hex']

export async function getSearchRow(context: Pick<ServiceContext, 'db'>, searchId: string): Promise<SearchRow> {
  const row = await context.db.search.findUnique({ where: { id: searchId }, select: SEARCH_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no search ${searchId}`)
  return row
}

/** The search as it was asked for. Throws SECRET_UNREADABLE when the installation has another key now. */
export function toQuery(context: Pick<ServiceContext, 'secrets'>, row: SearchRow): SearchQuery {
  return {
    path: row.path,
    pathPattern: row.pathPattern,
    valueForm: formOf(row),
    value: row.valueSealed === null ? '' : context.secrets.open(row.valueSealed),
    ...optionsSchema.parse(row.options),
  }
}

/** Without what was looked for in values: only the page of the search itself opens that. */
export async function toSearchViews(
  context: Pick<ServiceContext, 'db'>,
  rows: readonly SearchRow[],
): Promise<SearchView[]> {
  const errors = await findJobErrors(
    context,
    rows.filter((row) => row.state === 'failed').map((row) => row.jobId),
  )
  return rows.map((row) => ({
    id: row.id,
    clusterId: row.clusterId,
    tree: row.tree,
    treeLabel: row.treeLabel,
    path: row.path,
    pathPattern: row.pathPattern,
    valueForm: formOf(row),
    value: null,
    valueLength: row.valueLength,
    ...optionsSchema.parse(row.options),
    state: STATES.find((state) => state === row.state) ?? 'failed',
    jobId: row.jobId,
    error: row.jobId === null ? null : (errors.get(row.jobId) ?? null),
    summary: row.state === 'ready' ? (summarySchema.safeParse(row.summary).data ?? null) : null,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }))
}

function formOf(row: SearchRow): SearchView['valueForm'] {
  return FORMS.find((form) => form === row.valueForm) ?? 'none'
}
