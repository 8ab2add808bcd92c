import type { ObjectStore, S3Keys, S3Settings } from '../../adapters/s3/object-store.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { DEFAULT_STORE_ID, folderSettingsSchema, s3KeysSchema, s3SettingsSchema } from './schemas.ts'

/** A place where archives lie, as work with it needs it. */
export type Store = FolderStore | BucketStore

export interface FolderStore {
  readonly kind: 'folder'
  readonly id: string
  readonly name: string
  /** Absolute. */
  readonly path: string
}

export interface BucketStore {
  readonly kind: 's3'
  readonly id: string
  readonly name: string
  readonly revision: number
  readonly settings: S3Settings
  /** Null: the machine's own. */
  readonly keys: S3Keys | null
}

export const BUILT_IN_NAME = 'Built-in folder'

type StoreContext = Pick<ServiceContext, 'db' | 'paths' | 'secrets'>

/** Throws NOT_FOUND for a store that is not there any more, and for one of a kind that this version does not know. */
export async function getStore(context: StoreContext, storeId: string): Promise<Store> {
  if (storeId === DEFAULT_STORE_ID) return builtIn(context)
  const row = await context.db.store.findUnique({ where: { id: storeId } })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no store ${storeId}`)
  return toStore(context, row)
}

export function builtIn({ paths }: Pick<ServiceContext, 'paths'>): FolderStore {
  return { kind: 'folder', id: DEFAULT_STORE_ID, name: BUILT_IN_NAME, path: paths.storeDir }
}

export interface StoreRow {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly revision: number
  readonly settings: unknown
  readonly secret: Uint8Array | null
}

export function toStore({ secrets }: Pick<ServiceContext, 'secrets'>, row: StoreRow): Store {
  const { id, name, revision } = row
  if (row.kind === 'folder') return { kind: 'folder', id, name, ...folderSettingsSchema.parse(row.settings) }
  if (row.kind === 's3') {
    const keys = row.secret === null ? null : s3KeysSchema.parse(JSON.parse(secrets.open(row.secret)))
    return { kind: 's3', id, name, revision, settings: s3SettingsSchema.parse(row.settings), keys }
  }
  throw new ServiceError('NOT_FOUND', `The store ${name} is of a kind that this version does not know (${row.kind})`, {
    remedy: 'use a newer Arkeeper',
  })
}

/** The built-in one first, then the others by name. */
export async function listStores(context: StoreContext): Promise<Store[]> {
  const rows = await context.db.store.findMany({ where: { id: { not: DEFAULT_STORE_ID } } })
  return [builtIn(context), ...rows.map((row) => toStore(context, row)).sort((a, b) => (a.name < b.name ? -1 : 1))]
}

interface OpenBucket {
  readonly revision: number
  readonly objects: Promise<ObjectStore>
}

const OPEN = new WeakMap<object, Map<string, OpenBucket>>()

/** The connection of this process to a bucket, shared; made anew when its settings were changed. Never close it. */
export async function openBucket(
  { objects }: Pick<ServiceContext, 'objects'>,
  store: BucketStore,
): Promise<ObjectStore> {
  const open = OPEN.get(objects) ?? new Map<string, OpenBucket>()
  OPEN.set(objects, open)
  const known = open.get(store.id)
  if (known?.revision === store.revision) return known.objects
  const opened = { revision: store.revision, objects: objects.open(store.settings, store.keys) }
  open.set(store.id, opened)
  // What still works with it makes its requests anew; sockets that idle are closed.
  known?.objects.then(
    (former) => former.close(),
    () => undefined,
  )
  opened.objects.catch(() => open.delete(store.id))
  return opened.objects
}

export async function closeBuckets({ objects }: Pick<ServiceContext, 'objects'>): Promise<void> {
  const open = OPEN.get(objects)
  OPEN.delete(objects)
  for (const { objects: opening } of open?.values() ?? []) (await opening.catch(() => null))?.close()
}
