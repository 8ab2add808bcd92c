import { z } from 'zod'
import { isJobKind } from '../../jobs/definitions.ts'
import type { ErrorView } from '../error-view.ts'
import type { JobKind, JobProgress, JobState, JobView } from './views.ts'

export const JOB_COLUMNS = {
  id: true,
  kind: true,
  state: true,
  clusterId: true,
  subjectId: true,
  payload: true,
  progress: true,
  error: true,
  actorName: true,
  attempts: true,
  cancelRequestedAt: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
} as const

export interface JobRow {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly clusterId: string | null
  readonly subjectId: string | null
  readonly payload: unknown
  readonly progress: unknown
  readonly error: unknown
  readonly actorName: string
  readonly attempts: number
  readonly cancelRequestedAt: Date | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

const progressSchema = z.object({
  stage: z.string(),
  done: z.number(),
  total: z.number().nullable(),
  bytes: z.number(),
  ratePerSecond: z.number(),
  etaMs: z.number().nullable(),
})

const errorSchema = z.object({
  code: z.string(),
  message: z.string(),
  unaffected: z.string().optional(),
  remedy: z.string().optional(),
  id: z.string().optional(),
})

/** Null for what an older or newer version stored in another shape. */
export function parseJobProgress(value: unknown): JobProgress | null {
  return progressSchema.safeParse(value).data ?? null
}

export function parseErrorView(value: unknown): ErrorView | null {
  return errorSchema.safeParse(value).data ?? null
}

const STATES: readonly JobState[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled']

export function toJobView(row: JobRow, clusterName: string | null): JobView {
  const state = STATES.find((known) => known === row.state) ?? 'failed'
  const kind: JobKind = isJobKind(row.kind) ? row.kind : 'backup'
  const hasEnded = state !== 'queued' && state !== 'running'
  return {
    id: row.id,
    kind,
    title: titleOf(kind, row.payload, clusterName),
    state,
    progress: state === 'queued' ? null : parseJobProgress(row.progress),
    error: hasEnded && state !== 'succeeded' ? parseErrorView(row.error) : null,
    cancelRequested: row.cancelRequestedAt !== null,
    actorName: row.actorName,
    attempts: row.attempts,
    clusterId: row.clusterId,
    clusterName,
    subjectId: row.subjectId,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

function titleOf(kind: JobKind, payload: unknown, clusterName: string | null): string {
  const cluster = clusterName ?? 'a removed cluster'
  switch (kind) {
    case 'backup': {
      const moment = z.object({ moment: z.string() }).safeParse(payload).data?.moment
      if (moment !== undefined) return `Save ${cluster} at ${moment} as a backup`
      const paths = z.object({ paths: z.array(z.string()) }).safeParse(payload).data?.paths ?? []
      if (paths.length === 0 || paths[0] === '/') return `Back up ${cluster}`
      return `Back up ${paths.length === 1 ? paths[0] : `${paths.length} subtrees`} of ${cluster}`
    }
    case 'import': {
      const file = z.object({ fileName: z.string() }).safeParse(payload).data?.fileName ?? 'a file'
      return `Import ${file} to ${cluster}`
    }
    case 'verify':
      return `Verify a backup of ${cluster}`
    case 'reencrypt':
      return `Encrypt the backups of ${cluster} anew`
    case 'copy':
      return `Copy a backup of ${cluster} to another store`
    case 'rescan':
      return 'Rebuild the catalog from the stores'
    case 'drill':
      return `Prove a backup of ${cluster} by a drill`
    case 'remove-backups':
      return `Remove backups of ${cluster} that no keep rule keeps`
    case 'diff':
      return `Compare with ${cluster}`
    case 'prepare-moment': {
      const zxid = z.object({ zxid: z.string() }).safeParse(payload).data?.zxid ?? 'a moment'
      return `Prepare ${cluster} at ${zxid}`
    }
    case 'search':
      return `Search in ${cluster}`
    case 'plan-restore':
      return `Plan a restore to ${cluster}`
    case 'run-restore':
      return `Restore to ${cluster}`
    case 'migrate-proof':
      return `Compare ${cluster} with the source of its migration`
    case 'physical-restore': {
      const task = z.object({ task: z.string() }).safeParse(payload).data?.task
      if (task === 'check') return `Check a restore of the files of ${cluster}`
      if (task === 'verify') return `Compare ${cluster} with the files that were placed`
      return task === 'undo' ? `Put the old files of ${cluster} back` : `Replace the files of ${cluster}`
    }
  }
}
