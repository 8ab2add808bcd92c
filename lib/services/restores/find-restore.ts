import { z } from 'zod'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { readFromSchema } from '../../domain/snapshot/read-from.ts'
import type { SubjectRef } from '../approvals/find-approvals.ts'
import { isArmed } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { planFidelitySchema } from '../engine/fidelity-schema.ts'
import { ServiceError } from '../errors.ts'
import { planWarningSchema } from '../guards/schemas.ts'
import { type Allowance, READ_ONLY, type RestoreFacts } from './restore-rules.ts'
import { type PlanView, RESTORE_STATES, type RestoreState } from './views.ts'

/** The client, or the transaction in which something is decided by what is found. */
export interface RestoreLookup {
  readonly db: Pick<Prisma.TransactionClient, 'restore' | 'cluster' | 'backup'>
  readonly clock: ServiceContext['clock']
}

export const RESTORE_COLUMNS = {
  id: true,
  clusterId: true,
  otherClusterId: true,
  source: true,
  sourceLabel: true,
  sourceStoreId: true,
  scope: true,
  mode: true,
  onConflict: true,
  options: true,
  state: true,
  planHash: true,
  planSummary: true,
  reason: true,
  confirmedAt: true,
  dir: true,
  safetyBackupId: true,
  undoOfId: true,
  report: true,
  createdById: true,
  createdAt: true,
  finishedAt: true,
  jobId: true,
  pauseRequestedAt: true,
  pausedAt: true,
} as const

export interface RestoreRow {
  readonly id: string
  readonly clusterId: string
  /** Where the source is of, when that is another cluster. */
  readonly otherClusterId: string | null
  readonly source: unknown
  readonly sourceLabel: string
  readonly sourceStoreId: string | null
  readonly scope: unknown
  readonly mode: string
  readonly onConflict: string
  readonly options: unknown
  readonly state: string
  readonly planHash: string | null
  readonly planSummary: unknown
  readonly reason: string | null
  readonly confirmedAt: Date | null
  readonly dir: string
  readonly safetyBackupId: string | null
  readonly undoOfId: string | null
  readonly report: unknown
  readonly createdById: string
  readonly createdAt: Date
  readonly finishedAt: Date | null
  readonly jobId: string | null
  readonly pauseRequestedAt: Date | null
  readonly pausedAt: Date | null
}

export function toRestoreState(text: string): RestoreState {
  return RESTORE_STATES.find((state) => state === text) ?? 'failed'
}

export async function getRestoreRow(context: Pick<RestoreLookup, 'db'>, restoreId: string): Promise<RestoreRow> {
  const row = await context.db.restore.findUnique({ where: { id: restoreId }, select: RESTORE_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no restore ${restoreId}`)
  return row
}

/** The restore as its approval knows it. */
export function toSubject({ id, clusterId, otherClusterId, planHash, createdById }: RestoreRow): SubjectRef {
  return { kind: 'restore', id, clusterId, otherClusterId, planHash, createdById }
}

export interface RestoreCluster {
  readonly id: string
  readonly name: string
  readonly environment: 'production' | 'staging' | 'development'
  readonly isArmed: boolean
  readonly exists: boolean
}

/** The clusters of some restores; a removed one keeps its name. */
export async function findRestoreClusters(
  context: RestoreLookup,
  ids: readonly string[],
): Promise<Map<string, RestoreCluster>> {
  const rows = await context.db.cluster.findMany({
    where: { id: { in: [...new Set(ids)] } },
    select: { id: true, name: true, environment: true, armedUntil: true, removedAt: true },
  })
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        name: row.name,
        environment:
          row.environment === 'production' || row.environment === 'staging' ? row.environment : 'development',
        isArmed: row.removedAt === null && isArmed(row.armedUntil, context.clock.now()),
        exists: row.removedAt === null,
      },
    ]),
  )
}

const planViewSchema: z.ZodType<PlanView> = z.object({
  hash: z.string(),
  creates: z.number(),
  updates: z.number(),
  deletes: z.number(),
  aclChanges: z.number(),
  steps: z.number(),
  dataBytes: z.number(),
  skipped: z.record(z.string(), z.number()),
  leftOut: z
    .array(
      z.object({
        pattern: z.string(),
        fields: z.array(z.enum(['data', 'acl', 'kind'])),
        note: z.string(),
        changes: z.number(),
      }),
    )
    .default([]),
  warnings: z.array(planWarningSchema),
  plannedAtZxid: z.string(),
  plannedAt: z.string(),
  fidelity: planFidelitySchema.nullable().default(null),
  laterWrites: z.object({ count: z.number(), overwritten: z.boolean() }).nullable().default(null),
  deletions: z.array(z.object({ path: z.string(), count: z.number() })).default([]),
  readFrom: readFromSchema.nullable().default(null),
})

export function parsePlanView(json: unknown): PlanView | null {
  return planViewSchema.safeParse(json).data ?? null
}

/** An undo that failed to be planned, or was cancelled before it wrote, leaves the way free for another. */
const UNDO_STATES_THAT_COUNT = RESTORE_STATES.filter((state) => state !== 'plan-failed' && state !== 'cancelled')

/** restore → the undo that takes it back or has done so. */
export async function findUndos(
  context: Pick<RestoreLookup, 'db'>,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const undos = await context.db.restore.findMany({
    where: { undoOfId: { in: [...ids] }, state: { in: UNDO_STATES_THAT_COUNT } },
    orderBy: { createdAt: 'asc' },
    select: { id: true, undoOfId: true },
  })
  return new Map(undos.map((undo) => [undo.undoOfId ?? '', undo.id]))
}

export async function factsOf(context: RestoreLookup, row: RestoreRow): Promise<RestoreFacts> {
  const clusters = await findRestoreClusters(context, [row.clusterId])
  const undos = await findUndos(context, [row.id])
  const gone = await findGoneBackups(context, [row.safetyBackupId])
  return toFacts(row, { cluster: clusters.get(row.clusterId), undoneById: undos.get(row.id) ?? null, gone })
}

export async function findGoneBackups(
  context: Pick<RestoreLookup, 'db'>,
  ids: readonly (string | null)[],
): Promise<Set<string>> {
  const wanted = ids.filter((id) => id !== null)
  if (wanted.length === 0) return new Set()
  const rows = await context.db.backup.findMany({
    where: { id: { in: wanted }, deletedAt: null },
    select: { id: true },
  })
  const there = new Set(rows.map((row) => row.id))
  return new Set(wanted.filter((id) => !there.has(id)))
}

export function toFacts(
  row: RestoreRow,
  known: {
    readonly cluster: RestoreCluster | undefined
    readonly undoneById: string | null
    readonly gone: ReadonlySet<string>
  },
): RestoreFacts {
  return {
    state: toRestoreState(row.state),
    steps: parsePlanView(row.planSummary)?.steps ?? null,
    isConfirmed: row.confirmedAt !== null,
    clusterIsArmed: known.cluster?.isArmed ?? false,
    clusterExists: known.cluster?.exists ?? false,
    hasSafetyBackup: row.safetyBackupId !== null,
    safetyIsGone: row.safetyBackupId !== null && known.gone.has(row.safetyBackupId),
    undoneById: known.undoneById,
    pauseRequested: row.pauseRequestedAt !== null,
    isUndo: row.undoOfId !== null,
    isEdit: row.mode === 'edit',
  }
}

/** Throws CLUSTER_READ_ONLY where that is all that stands in the way, else WRONG_STATE with the reason. */
export function assertAllowed(allowance: Allowance, facts: RestoreFacts): void {
  if (allowance.ok) return
  const reason = allowance.reason ?? 'It cannot be done now'
  const isReadOnly = facts.clusterExists && !facts.clusterIsArmed && reason === READ_ONLY
  throw new ServiceError(isReadOnly ? 'CLUSTER_READ_ONLY' : 'WRONG_STATE', reason, {
    unaffected: 'nothing was written',
  })
}
