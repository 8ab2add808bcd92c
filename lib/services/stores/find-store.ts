import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { DEFAULT_STORE_ID, folderSettingsSchema } from './schemas.ts'

/** A place where archives lie, as work with it needs it. */
export type Store = FolderStore

export interface FolderStore {
  readonly kind: 'folder'
  readonly id: string
  readonly name: string
  /** Absolute. */
  readonly path: string
}

type StoreContext = Pick<ServiceContext, 'db' | 'paths'>

/** Throws NOT_FOUND for a store that is not there any more, and for one of a kind that this version does not know. */
export async function getStore(context: StoreContext, storeId: string): Promise<Store> {
  if (storeId === DEFAULT_STORE_ID) {
    return { kind: 'folder', id: DEFAULT_STORE_ID, name: 'Built-in folder', path: context.paths.storeDir }
  }
  const row = await context.db.store.findUnique({
    where: { id: storeId },
    select: { id: true, name: true, kind: true, settings: true },
  })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no store ${storeId}`)
  const { id, name } = row
  if (row.kind === 'folder') return { kind: 'folder', id, name, ...folderSettingsSchema.parse(row.settings) }
  throw new ServiceError('NOT_FOUND', `The store ${name} is of a kind that this version does not know (${row.kind})`, {
    remedy: 'use a newer Arkeeper',
  })
}
