import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { assertActorCan } from '../gate.ts'
import { isRoleEnough, roleAt } from '../policy.ts'
import { isScopeEnough } from '../tokens/token-scopes.ts'
import { builtIn, listStores, type Store } from './find-store.ts'
import { DEFAULT_STORE_ID } from './schemas.ts'
import type { StoreView } from './views.ts'

const stepSchema = z.object({
  name: z.enum([
    'resolve',
    'connect',
    'sign',
    'write',
    'read-back',
    'delete',
    'no-overwrite',
    'object-lock',
    'unfinished-uploads',
    'lifecycle',
  ]),
  outcome: z.enum(['ok', 'advice', 'failed']),
  message: z.string(),
  remedy: z.string().nullable(),
})
export const testReportSchema = z.object({ ok: z.boolean(), steps: z.array(stepSchema) })
const rescanReportSchema = z.object({
  added: z.number(),
  missing: z.number(),
  damaged: z.array(z.object({ dir: z.string(), message: z.string() })),
  fault: z.string().nullable().default(null),
})

/** Whether `listStoreViews` would answer: asked where names alone are told to everybody else. */
export function seesStores({ actor }: Pick<ServiceContext, 'actor'>): boolean {
  return (
    isRoleEnough(roleAt(actor, null), 'store.test') && (!actor.token || isScopeEnough(actor.token.scopes, 'store.test'))
  )
}

/** Every store with what the catalog has in it. For administrators: addresses and paths of hosts are in it. */
export async function listStoreViews(context: ServiceContext): Promise<StoreView[]> {
  await assertActorCan(context, { action: 'store.test' })
  const { db } = context
  const stores = await listStores(context)
  const [rows, first, copies, missing, missingCopies, clusters, rules] = await Promise.all([
    db.store.findMany(),
    db.backup.groupBy({ by: ['storeId'], where: { deletedAt: null }, _count: true, _sum: { archiveBytes: true } }),
    db.backupCopy.groupBy({ by: ['storeId'], where: { state: 'present' }, _count: true, _sum: { archiveBytes: true } }),
    db.backup.groupBy({ by: ['storeId'], where: { deletedAt: null, missingAt: { not: null } }, _count: true }),
    db.backupCopy.groupBy({ by: ['storeId'], where: { state: 'missing' }, _count: true }),
    db.cluster.findMany({
      where: { removedAt: null },
      select: { id: true, name: true, storeId: true },
      orderBy: { name: 'asc' },
    }),
    db.copyRule.findMany({ select: { clusterId: true, storeId: true } }),
  ])
  return stores.map((store) => {
    const row = rows.find(({ id }) => id === store.id)
    const here = <T extends { readonly storeId: string }>(list: readonly T[]) =>
      list.find(({ storeId }) => storeId === store.id)
    const rescan = rescanReportSchema.safeParse(row?.rescanReport).data
    const test = testReportSchema.safeParse(row?.testReport).data
    const uses = (cluster: (typeof clusters)[number]) =>
      cluster.storeId === store.id || rules.some((rule) => rule.storeId === store.id && rule.clusterId === cluster.id)
    return {
      ...toPlace(store),
      note: row?.note ?? '',
      isBuiltIn: store.id === DEFAULT_STORE_ID,
      backups: here(first)?._count ?? 0,
      copies: here(copies)?._count ?? 0,
      catalogBytes: Number((here(first)?._sum.archiveBytes ?? 0n) + (here(copies)?._sum.archiveBytes ?? 0n)),
      missing: (here(missing)?._count ?? 0) + (here(missingCopies)?._count ?? 0),
      clusters: clusters.filter(uses).map(({ name }) => name),
      counted:
        row?.countedAt == null
          ? null
          : { at: row.countedAt.toISOString(), archives: row.usedArchives ?? 0, bytes: Number(row.usedBytes ?? 0n) },
      rescan: row?.rescannedAt == null || !rescan ? null : { at: row.rescannedAt.toISOString(), ...rescan },
      test: row?.testedAt == null || !test ? null : { at: row.testedAt.toISOString(), ...test },
    }
  })
}

export function toPlace(store: Store): Pick<StoreView, 'id' | 'name' | 'kind' | 'where' | 'settings' | 'accessKeyId'> {
  const { id, name, kind } = store
  if (store.kind === 'folder') {
    return { id, name, kind, where: store.path, settings: { path: store.path }, accessKeyId: null }
  }
  const { settings, keys } = store
  return {
    id,
    name,
    kind,
    where: `s3://${settings.bucket}/${settings.prefix}`,
    settings: { ...settings },
    accessKeyId: keys?.accessKeyId ?? null,
  }
}

export interface StoreChoice {
  readonly id: string
  readonly name: string
  readonly kind: 'folder' | 's3'
}

/** Names of stores, for whoever may see backups: where they lie is no secret, how the store is reached is. */
export async function listStoreChoices(context: Pick<ServiceContext, 'db' | 'paths'>): Promise<StoreChoice[]> {
  const rows = await context.db.store.findMany({
    where: { id: { not: DEFAULT_STORE_ID } },
    select: { id: true, name: true, kind: true },
  })
  const { id, name, kind } = builtIn(context)
  const others = rows.map((row): StoreChoice => ({ ...row, kind: row.kind === 's3' ? 's3' : 'folder' }))
  return [{ id, name, kind }, ...others.sort((a, b) => (a.name < b.name ? -1 : 1))]
}
