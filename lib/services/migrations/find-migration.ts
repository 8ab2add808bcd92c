import type { Prisma } from '../../adapters/database/generated/client.ts'
import { isArmed } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { lookPast } from '../seen-by.ts'
import { type Allowance, type MigrationFacts, OPEN_STATES, toMigrationState } from './migration-rules.ts'

export type MigrationRow = Prisma.MigrationGetPayload<Record<never, never>>
export type RoundRow = Prisma.MigrationRoundGetPayload<Record<never, never>>

export interface MigrationLookup {
  readonly db: Pick<Prisma.TransactionClient, 'migration' | 'migrationRound' | 'restore' | 'cluster' | 'job'>
  readonly clock: ServiceContext['clock']
}

export async function getMigrationRow(
  context: Pick<MigrationLookup, 'db'>,
  migrationId: string,
): Promise<MigrationRow> {
  const row = await context.db.migration.findUnique({ where: { id: migrationId } })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no migration ${migrationId}`)
  return row
}

/** Where a role is needed: at both clusters. */
export function placesOf({ sourceId, targetId, targetName }: MigrationRow) {
  return { cluster: { id: targetId, name: targetName }, otherClusterId: sourceId }
}

export function findLatestRound(context: Pick<MigrationLookup, 'db'>, migrationId: string): Promise<RoundRow | null> {
  return context.db.migrationRound.findFirst({ where: { migrationId }, orderBy: { number: 'desc' } })
}

export async function factsOf(context: MigrationLookup, row: MigrationRow): Promise<MigrationFacts> {
  const clusters = await context.db.cluster.findMany({
    where: { id: { in: [row.sourceId, row.targetId] }, removedAt: null },
    select: { id: true, armedUntil: true },
  })
  const target = clusters.find(({ id }) => id === row.targetId)
  const round = await findLatestRound(context, row.id)
  const restore = round?.restoreId
    ? await context.db.restore.findUnique({ where: { id: round.restoreId }, select: { planHash: true } })
    : null
  return {
    state: toMigrationState(row.state),
    isConfirmed: row.confirmedAt !== null,
    targetIsArmed: target !== undefined && isArmed(target.armedUntil, context.clock.now()),
    clustersExist: clusters.length === 2,
    isFinishing: row.finalRounds !== null,
    hasPlan: restore?.planHash != null,
  }
}

export function assertAllowed({ ok, reason }: Allowance, facts: MigrationFacts): void {
  if (ok) return
  const isReadOnly = facts.state === 'checked' && facts.clustersExist && !facts.targetIsArmed
  throw new ServiceError(isReadOnly ? 'CLUSTER_READ_ONLY' : 'WRONG_STATE', reason ?? 'It cannot be done now', {
    unaffected: 'nothing was written',
  })
}

/**
 * In the transaction that opens a migration. Two that write into one target would undo each other's work, and one whose source is another's
 * target, while that one's source is its own target, would go round in circles.
 */
export async function assertFree(
  context: Pick<MigrationLookup, 'db'>,
  clusters: { readonly sourceId: string; readonly targetId: string },
  except: string | null,
): Promise<void> {
  const select = { id: true, sourceName: true, targetName: true } as const
  const other = await lookPast(() =>
    context.db.migration.findFirst({
      where: {
        state: { in: [...OPEN_STATES] },
        ...(except === null ? {} : { id: { not: except } }),
        OR: [{ targetId: clusters.targetId }, { targetId: clusters.sourceId }, { sourceId: clusters.targetId }],
      },
      select,
    }),
  )
  if (!other) return
  const seen = await context.db.migration.findUnique({ where: { id: other.id }, select })
  const which = seen ? `A migration from ${seen.sourceName} to ${seen.targetName}` : 'A migration'
  throw new ServiceError('WRONG_STATE', `${which} is open, and it has one of these clusters as its target or source`, {
    unaffected: 'nothing was written',
    remedy: 'finish or stop that one first',
  })
}
