import { requestJobCancel } from '../../jobs/cancel-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, type ClusterAction, mutate, type Transaction } from '../gate.ts'
import { cancelRestore } from '../restores/cancel-restore.ts'
import { assertOtherEnsemble } from './assert-other-ensemble.ts'
import {
  assertAllowed,
  assertFree,
  factsOf,
  findLatestRound,
  getMigrationRow,
  type MigrationRow,
  placesOf,
} from './find-migration.ts'
import {
  type Allowance,
  canFinish,
  canFollow,
  canGoOn,
  canStop,
  canSwitch,
  FINAL_ROUNDS_MAX,
  type MigrationFacts,
} from './migration-rules.ts'

/** The target stays as it is. A round that is writing ends after the batch that is on its way; each one can be undone from its own page. */
export async function stopMigration(context: ServiceContext, migrationId: string): Promise<void> {
  const row = await getMigrationRow(context, migrationId)
  await steer(context, row, { action: 'migration.stop', may: canStop }, async (tx) => {
    const now = new Date(context.clock.now())
    if (row.proofJobId !== null) await requestJobCancel(tx, row.proofJobId, now.getTime()).catch(() => undefined)
    await set(tx, row, { state: 'stopped', nextRunAt: null, waiting: null, finalRounds: null, finishedAt: now })
  })
  const round = await findLatestRound(context, migrationId)
  if (round === null || round.restoreId === null || round.finishedAt !== null) return
  const restore = await context.db.restore.findUnique({ where: { id: round.restoreId }, select: { state: true } })
  if (restore && ['planning', 'planned', 'queued', 'running', 'paused'].includes(restore.state))
    await cancelRestore(context, round.restoreId)
}

/** With a new round, planned against the clusters as they are now; what an earlier one left undone is part of it. */
export async function goOnWithMigration(context: ServiceContext, migrationId: string): Promise<void> {
  const row = await getMigrationRow(context, migrationId)
  await assertActorCan(context, { action: 'migration.go-on', ...placesOf(row) })
  const facts = await factsOf(context, row)
  assertAllowed(canGoOn(facts), facts)
  await assertFree(context, row, row.id)
  const source = await getClusterTarget(context, row.sourceId)
  const target = await getClusterTarget(context, row.targetId)
  await assertOtherEnsemble(context, source, target)
  await steer(context, row, { action: 'migration.go-on', may: canGoOn }, async (tx) => {
    await assertFree({ db: tx }, row, row.id)
    const now = new Date(context.clock.now())
    await tx.migrationRound.updateMany({ where: { migrationId, finishedAt: null }, data: { finishedAt: now } })
    await set(tx, row, {
      state: row.confirmedAt === null ? 'checking' : 'copying',
      nextRunAt: now,
      waiting: null,
      failures: 0,
      finalRounds: null,
      finishedAt: null,
      addresses: { source: source.connectString, target: target.connectString },
    })
    // Rounds are applied in the name of whoever says that they go on.
    if (row.confirmedAt !== null) await set(tx, row, { confirmedById: context.actor.id })
  })
}

/** Writers are about to be stopped. Rounds pause until the final one is asked for. */
export async function startSwitch(context: ServiceContext, migrationId: string): Promise<void> {
  const row = await getMigrationRow(context, migrationId)
  await steer(context, row, { action: 'migration.switch', may: canSwitch }, (tx) =>
    set(tx, row, { state: 'switching', finalRounds: null, nextRunAt: new Date(context.clock.now()) }),
  )
}

export async function followAgain(context: ServiceContext, migrationId: string): Promise<void> {
  const row = await getMigrationRow(context, migrationId)
  await steer(context, row, { action: 'migration.follow', may: canFollow }, (tx) =>
    set(tx, row, { state: 'following', nextRunAt: new Date(context.clock.now()) }),
  )
}

/** Rounds until one finds nothing to write, then the comparison that proves it while the source stands still. */
export async function finishMigration(context: ServiceContext, migrationId: string): Promise<void> {
  const row = await getMigrationRow(context, migrationId)
  await steer(context, row, { action: 'migration.finish', may: canFinish }, (tx) =>
    set(tx, row, { finalRounds: FINAL_ROUNDS_MAX, proofJobId: null, nextRunAt: new Date(context.clock.now()) }),
  )
}

async function steer(
  context: ServiceContext,
  row: MigrationRow,
  how: { readonly action: ClusterAction; readonly may: (facts: MigrationFacts) => Allowance },
  change: (tx: Transaction) => Promise<unknown>,
): Promise<void> {
  await mutate(
    context,
    {
      action: how.action,
      ...placesOf(row),
      path: row.targetPath,
      before: { migration: row.id, state: row.state, source: row.sourceName },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const facts = await factsOf(inside, await getMigrationRow(inside, row.id))
      assertAllowed(how.may(facts), facts)
      await change(tx)
    },
  )
}

async function set(
  tx: Transaction,
  row: MigrationRow,
  data: Parameters<Transaction['migration']['updateMany']>[0]['data'],
): Promise<void> {
  const { count } = await tx.migration.updateMany({ where: { id: row.id }, data })
  if (count === 0) throw new ServiceError('NOT_FOUND', `There is no migration ${row.id}`)
}
