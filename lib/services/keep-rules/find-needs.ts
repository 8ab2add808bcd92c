import type { Prisma } from '../../adapters/database/generated/client.ts'

type Reads = Pick<
  Prisma.TransactionClient,
  'restore' | 'diff' | 'search' | 'job' | 'physicalRestore' | 'migrationRound' | 'driftWatch'
>

/** Something that would fail, or could not be taken back any more, without the backup. */
export interface Need {
  /** In words that name nothing of another cluster. */
  readonly by: string
  /** It is in work now: not even a person may delete the backup meanwhile. */
  readonly atWork: boolean
  /** The restore that it is, to be named only to whoever sees that. */
  readonly restoreId?: string
}

const PLANNED = ['planning', 'planned', 'queued', 'running', 'paused', 'verifying']
const CUT_SHORT = ['conflict', 'failed', 'cancelled', 'incomplete']
const PHYSICAL = ['checking', 'checked', 'queued', 'running', 'undoing']
const PHYSICAL_FAILED = ['failed', 'incomplete', 'undo-failed']
const AT_WORK = ['queued', 'running']

/** By backup id: what still needs it, of all clusters. `context` must see past the actor's own clusters (`lookPast`). */
export async function findNeeds(db: Reads): Promise<Map<string, Need[]>> {
  const needs = new Map<string, Need[]>()
  const add = (backupId: string | null, need: Need) => {
    if (backupId !== null) needs.set(backupId, [...(needs.get(backupId) ?? []), need])
  }
  for (const { id: restoreId, source, safetyBackupId, state } of await findRestores(db)) {
    if (PLANNED.includes(state)) {
      add(backupOf(source), { by: 'a restore that is planned or at work reads it', atWork: true, restoreId })
      add(safetyBackupId, { by: 'a restore that is at work is taken back from it', atWork: true, restoreId })
    } else add(safetyBackupId, { by: 'a restore that was cut short can go on or be taken back from it', atWork: false })
  }
  const physical = await db.physicalRestore.findMany({
    where: { state: { in: [...PHYSICAL, ...PHYSICAL_FAILED] } },
    select: { backupId: true, state: true },
  })
  for (const { backupId, state } of physical) {
    add(backupId, { by: 'a restore of the files of servers is made from it', atWork: PHYSICAL.includes(state) })
  }
  const diffs = await db.diff.findMany({ where: { state: { in: AT_WORK } }, select: { left: true, right: true } })
  for (const side of diffs.flatMap(({ left, right }) => [left, right])) {
    add(backupOf(side), { by: 'a diff that is made reads it', atWork: true })
  }
  const searches = await db.search.findMany({ where: { state: { in: AT_WORK } }, select: { tree: true } })
  for (const { tree } of searches) add(backupOf(tree), { by: 'a search reads it', atWork: true })
  const jobs = await db.job.findMany({
    where: { state: { in: AT_WORK }, subjectId: { not: null }, kind: { not: 'remove-backups' } },
    select: { subjectId: true, kind: true },
  })
  for (const { subjectId, kind } of jobs) add(subjectId, { by: `a job works on it (${kind})`, atWork: true })
  for (const backupId of await findMigrationSafeties(db)) {
    add(backupId, { by: 'a migration that has not ended can be taken back from it', atWork: false })
  }
  const watches = await db.driftWatch.findMany({ where: { enabled: true }, select: { backupId: true } })
  for (const { backupId } of watches) add(backupId, { by: 'drift is counted from it', atWork: false })
  return needs
}

function findRestores(db: Reads) {
  return db.restore.findMany({
    where: {
      OR: [{ state: { in: PLANNED } }, { state: { in: CUT_SHORT }, safetyBackupId: { not: null } }],
    },
    select: { id: true, source: true, safetyBackupId: true, state: true },
  })
}

async function findMigrationSafeties(db: Reads): Promise<string[]> {
  const rounds = await db.migrationRound.findMany({
    where: { restoreId: { not: null }, migration: { state: { notIn: ['done', 'stopped', 'failed'] } } },
    select: { restoreId: true },
  })
  const ids = rounds.flatMap(({ restoreId }) => restoreId ?? [])
  if (ids.length === 0) return []
  const restores = await db.restore.findMany({
    where: { id: { in: ids }, safetyBackupId: { not: null } },
    select: { safetyBackupId: true },
  })
  return restores.flatMap(({ safetyBackupId }) => safetyBackupId ?? [])
}

/** Sources are kept as TreeRef texts. */
function backupOf(source: unknown): string | null {
  const match = typeof source === 'string' ? /^backup:([A-Za-z0-9_-]{1,64})$/.exec(source) : null
  return match?.[1] ?? null
}
