import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { getMigrationRow } from './find-migration.ts'
import { toMigrationView } from './to-migration-view.ts'
import type { MigrationView } from './views.ts'

type Context = Pick<ServiceContext, 'actor' | 'db' | 'clock'>

export async function getMigration(context: Context, migrationId: string): Promise<MigrationView> {
  return toMigrationView(context, await getMigrationRow(context, migrationId))
}

/** Newest first; of one cluster, where it is source or target. */
export async function listMigrations(
  context: Context,
  input: { readonly clusterId?: string; readonly limit?: number } = {},
): Promise<MigrationView[]> {
  const { clusterId } = input
  const rows = await context.db.migration.findMany({
    where: clusterId === undefined ? {} : { OR: [{ sourceId: clusterId }, { targetId: clusterId }] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), 100),
  })
  const views: MigrationView[] = []
  for (const row of rows) views.push(await toMigrationView(context, row))
  return views
}

/** The record of the final comparison, as a file. */
export async function getProofFile(context: Context, migrationId: string): Promise<string> {
  const { id, source, target, sourcePath, targetPath, mode, state, proof, confirmedByName, confirmedAt, finishedAt } =
    await getMigration(context, migrationId)
  if (proof === null) throw new ServiceError('NOT_FOUND', 'There was no final comparison yet')
  const record = {
    format: 'arkeeper-migration-proof/1',
    migration: id,
    source: { name: source.name, path: sourcePath },
    target: { name: target.name, path: targetPath },
    mode,
    state,
    confirmedBy: confirmedByName,
    confirmedAt,
    finishedAt,
    proof,
  }
  return `${JSON.stringify(record, null, 2)}\n`
}
