import { isAbsolute, relative, resolve } from 'node:path'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { getStore, type Store } from './find-store.ts'

/** Where an archive lies: a store, and the place within it. */
export interface ArchivePlace {
  readonly storeId: string
  readonly dir: string
}

/** An archive as a folder of this host, for as long as it is not released. */
export interface ArchiveFolder {
  /** Absolute. */
  readonly dir: string
  /** The folder that it must lie in, however its files are linked. */
  readonly root: string
  release(): Promise<void>
}

type FolderContext = Pick<ServiceContext, 'db' | 'paths' | 'signal'>

/** Exactly once, `release` it. What is wrong with the archive itself is for whoever reads it to find. */
export async function openArchiveFolder(context: FolderContext, place: ArchivePlace): Promise<ArchiveFolder> {
  const store = await getStore(context, place.storeId)
  return { dir: folderIn(store, place.dir), root: store.path, release: async () => undefined }
}

export async function withArchive<T>(
  context: FolderContext,
  place: ArchivePlace,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const folder = await openArchiveFolder(context, place)
  try {
    return await use(folder.dir)
  } finally {
    await folder.release()
  }
}

/** For people: where the archive lies in its store. */
export async function describePlace(context: FolderContext, place: ArchivePlace): Promise<string> {
  return folderIn(await getStore(context, place.storeId), place.dir)
}

/** A row that points outside the store is refused: files are deleted by it. */
export function folderIn(store: Pick<Store, 'path'>, dir: string): string {
  const absolute = resolve(store.path, dir)
  const inside = relative(store.path, absolute)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) {
    throw new ServiceError('INVALID_INPUT', `The archive ${dir} does not lie in the store`, {
      unaffected: 'nothing was changed',
    })
  }
  return absolute
}

/** The snapshot as a server reads it, whole; see ArchivePort.readUnpacked. */
export async function* readUnpackedBackup(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  place: ArchivePlace,
): AsyncGenerator<Uint8Array, void, void> {
  const folder = await openArchiveFolder(context, place)
  try {
    yield* context.archives.readUnpacked(folder.dir)
  } finally {
    await folder.release()
  }
}
