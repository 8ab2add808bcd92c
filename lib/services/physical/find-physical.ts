import { z } from 'zod'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { WorkFilesDb } from '../../adapters/workfiles/work-files.ts'
import type { SubjectRef } from '../approvals/find-approvals.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { findRestoreClusters, type RestoreCluster } from '../restores/find-restore.ts'
import { type JournalEntry, readJournal, standOf } from './journal.ts'
import { type PhysicalRuleFacts, READ_ONLY } from './physical-rules.ts'
import { physicalOptionsSchema } from './schemas.ts'
import type { Allowance, PhysicalPlan, PhysicalReport, PhysicalState, PhysicalWay } from './views.ts'

export const PHYSICAL_COLUMNS = {
  id: true,
  clusterId: true,
  backupId: true,
  sourceLabel: true,
  way: true,
  options: true,
  state: true,
  plan: true,
  planHash: true,
  reason: true,
  confirmedAt: true,
  dir: true,
  report: true,
  createdById: true,
  createdAt: true,
  finishedAt: true,
  jobId: true,
} as const

export type PhysicalRow = Prisma.PhysicalRestoreGetPayload<{ select: typeof PHYSICAL_COLUMNS }>

/** The client, or the transaction in which something is decided by what is found. */
export interface PhysicalLookup {
  readonly db: Pick<Prisma.TransactionClient, 'physicalRestore' | 'cluster' | 'restore' | 'backup'> & WorkFilesDb
  readonly clock: ServiceContext['clock']
}

export async function getPhysicalRow(context: Pick<PhysicalLookup, 'db'>, id: string): Promise<PhysicalRow> {
  const row = await context.db.physicalRestore.findUnique({ where: { id }, select: PHYSICAL_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no restore of files ${id}`)
  return row
}

/** The restore as its approval knows it. */
export function toSubject({ id, clusterId, planHash, createdById }: PhysicalRow): SubjectRef {
  return { kind: 'physical', id, clusterId, otherClusterId: null, planHash, createdById }
}

const STATES: readonly PhysicalState[] = [
  'checking',
  'checked',
  'check-failed',
  'queued',
  'running',
  'succeeded',
  'incomplete',
  'failed',
  'cancelled',
  'undoing',
  'undone',
  'undo-failed',
]

export const toPhysicalState = (text: string): PhysicalState => STATES.find((state) => state === text) ?? 'failed'
export const toWay = (text: string): PhysicalWay => (text === 'worker' || text === 'admin' ? text : 'runbook')

const findingSchema = z.object({
  code: z.string(),
  level: z.enum(['blocker', 'warning', 'ok']),
  server: z.string().nullable(),
  message: z.string(),
  remedy: z.string().nullable(),
  phrase: z.string().nullable(),
})

const planSchema: z.ZodType<PhysicalPlan> = z.object({
  kind: z.enum(['standalone', 'ensemble']),
  way: z.enum(['worker', 'runbook', 'admin']),
  archiveZxid: z.string(),
  lastSeenZxid: z.string().nullable(),
  fileZxid: z.string(),
  fileName: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  znodes: z.number(),
  asideFolder: z.string(),
  servers: z.array(
    z.object({
      name: z.string(),
      client: z.string().nullable(),
      dataDir: z.string(),
      dataLogDir: z.string(),
      owner: z.string().nullable(),
      stop: z.string(),
      start: z.string(),
      isMember: z.boolean(),
      adminUrl: z.string().nullable(),
      version: z.string().nullable(),
      mode: z.string().nullable(),
      lastZxid: z.string().nullable(),
      currentEpoch: z.number().nullable(),
    }),
  ),
  findings: z.array(findingSchema),
})

export function parsePlan(json: unknown): PhysicalPlan | null {
  return planSchema.safeParse(json).data ?? null
}

/** Throws WRONG_STATE while there is none. */
export function getPlan(row: Pick<PhysicalRow, 'plan'>): PhysicalPlan {
  const plan = parsePlan(row.plan)
  if (plan) return plan
  throw new ServiceError('WRONG_STATE', 'It has not been checked yet', { unaffected: 'nothing was changed' })
}

const reportSchema: z.ZodType<PhysicalReport> = z.object({
  compared: z.number(),
  differences: z.array(
    z.object({ path: z.string(), change: z.enum(['added', 'removed', 'changed']), server: z.string() }),
  ),
  differenceCount: z.number(),
  writtenSince: z.number(),
  expired: z.number(),
  servers: z.array(z.string()),
  durationMs: z.number(),
})

export function parseReport(json: unknown): PhysicalReport | null {
  return reportSchema.safeParse(json).data ?? null
}

/** What was begun and done so far, on whichever host. */
export async function readStands(
  context: Pick<ServiceContext, 'workFiles'>,
  row: Pick<PhysicalRow, 'dir'>,
  db?: WorkFilesDb,
): Promise<JournalEntry[]> {
  return readJournal(await context.workFiles.fetch(row.dir, { db }))
}

/** By the rows as the lookup sees them, and the journal. */
export async function ruleFactsOf(
  context: PhysicalLookup & Pick<ServiceContext, 'workFiles'>,
  row: PhysicalRow,
  known?: RestoreCluster,
): Promise<PhysicalRuleFacts> {
  const cluster = known ?? (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const plan = parsePlan(row.plan)
  const entries = await readStands(context, row, context.db)
  return {
    way: toWay(row.way),
    state: toPhysicalState(row.state),
    hasPlan: plan !== null,
    blockers: plan?.findings.filter(({ level }) => level === 'blocker').length ?? 0,
    isConfirmed: row.confirmedAt !== null,
    clusterExists: cluster?.exists ?? false,
    clusterIsArmed: cluster?.isArmed ?? false,
    stands: plan?.servers.map(({ name }) => standOf(entries, name)) ?? [],
  }
}

/** Throws CLUSTER_READ_ONLY where that is all that stands in the way, else WRONG_STATE with the reason. */
export function assertAllowed(allowance: Allowance): void {
  if (allowance.ok) return
  const reason = allowance.reason ?? 'It cannot be done now'
  throw new ServiceError(reason === READ_ONLY ? 'CLUSTER_READ_ONLY' : 'WRONG_STATE', reason, {
    unaffected: 'nothing was changed',
  })
}

/** The backup, as it is read: from the store that was chosen, if one was. */
export async function getPhysicalSource(context: ServiceContext, row: Pick<PhysicalRow, 'backupId' | 'options'>) {
  const backup = await getBackupRow(context, row.backupId)
  return { ...backup, from: physicalOptionsSchema.parse(row.options).storeId }
}
