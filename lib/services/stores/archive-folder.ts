import { rm, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { cacheOf, fetchArchive, MANIFEST } from './bucket-archive.ts'
import { type FolderStore, getStore } from './find-store.ts'

/** Where an archive lies: a store, and the place within it. */
export interface ArchivePlace {
  readonly storeId: string
  readonly dir: string
}

/** With the id of its backup, a copy stands in where the place itself is not to be had. */
export interface ArchiveSource extends ArchivePlace {
  readonly id?: string
}

/** An archive as a folder of this host, for as long as it is not released. */
export interface ArchiveFolder {
  /** Absolute. */
  readonly dir: string
  /** The folder that it must lie in, however its files are linked. */
  readonly root: string
  readonly storeId: string
  /** Why it is another store's than the first; null: it is not. */
  readonly note: string | null
  release(): Promise<void>
}

export type FolderContext = Pick<
  ServiceContext,
  'db' | 'paths' | 'signal' | 'secrets' | 'objects' | 'clock' | 'newId' | 'log' | 'storeCacheBytes'
>

/**
 * Exactly once, `release` it. What is wrong inside of the archive is for whoever reads it to find; where it is known to be damaged or missing,
 * or its store does not answer, one of its copies is opened instead.
 */
export async function openArchiveFolder(context: FolderContext, source: ArchiveSource): Promise<ArchiveFolder> {
  const first = { storeId: source.storeId, dir: source.dir }
  if (source.id === undefined) return openAt(context, first)
  const known = await context.db.backup.findUnique({
    where: { id: source.id },
    select: {
      verifyOk: true,
      missingAt: true,
      copies: {
        where: { state: 'present' },
        select: { storeId: true, dir: true, verifyOk: true },
        orderBy: { id: 'asc' },
      },
    },
  })
  const copies = (known?.copies ?? []).filter(({ verifyOk }) => verifyOk !== false)
  if (copies.length === 0) return openAt(context, first)
  const fault =
    known?.missingAt != null ? 'it is missing there' : known?.verifyOk === false ? 'it was found damaged there' : null
  let why: unknown = null
  if (fault === null) {
    try {
      return await openAt(context, first, { mustBeThere: true })
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      why = error
    }
  }
  for (const { storeId, dir } of copies) {
    try {
      const folder = await openAt(context, { storeId, dir }, { mustBeThere: true })
      const [from, to] = await Promise.all([getStore(context, first.storeId), getStore(context, storeId)])
      const note = `Read from its copy in ${to.name}, not from ${from.name}: ${fault ?? formatErrorLine(why)}`
      context.log.warn({ backup: source.id, store: storeId }, note)
      return { ...folder, note }
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
    }
  }
  // No copy helps: what is wrong with the first place is what is told.
  return openAt(context, first)
}

/** A whole archive of this place, read from the store itself and from no cache; to be released. */
export async function openArchiveAnew(
  context: FolderContext,
  place: ArchivePlace,
  onProgress?: (bytes: number) => void,
): Promise<ArchiveFolder> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 'folder') return openAt(context, place)
  const cache = cacheOf(context)
  const dir = await cache.makeTemp()
  const release = () => rm(dir, { recursive: true, force: true })
  try {
    await fetchArchive(context, store, placeIn(place.dir), dir, onProgress)
    return { dir, root: cache.root, storeId: store.id, note: null, release }
  } catch (error) {
    await release()
    throw error
  }
}

async function openAt(
  context: FolderContext,
  place: ArchivePlace,
  { mustBeThere = false }: { readonly mustBeThere?: boolean } = {},
): Promise<ArchiveFolder> {
  const store = await getStore(context, place.storeId)
  const facts = { storeId: store.id, note: null }
  if (store.kind === 'folder') {
    const dir = folderIn(store, place.dir)
    if (mustBeThere) await assertThere(dir)
    return { ...facts, dir, root: store.path, release: async () => undefined }
  }
  const cache = cacheOf(context)
  const at = placeIn(place.dir)
  const { dir, release } = await cache.borrow(cacheKeyOf(place), (into) => fetchArchive(context, store, at, into))
  return { ...facts, dir, root: cache.root, release }
}

export const cacheKeyOf = ({ storeId, dir }: ArchivePlace) => `${storeId} ${dir}`

async function assertThere(dir: string): Promise<void> {
  try {
    await stat(join(dir, MANIFEST))
  } catch (cause) {
    throw new ServiceError('NOT_FOUND', `There is no archive in ${dir}`, { cause })
  }
}

export async function withArchive<T>(
  context: FolderContext,
  source: ArchiveSource,
  use: (dir: string, folder: ArchiveFolder) => Promise<T>,
): Promise<T> {
  const folder = await openArchiveFolder(context, source)
  try {
    return await use(folder.dir, folder)
  } finally {
    await folder.release()
  }
}

/** For people: where the archive lies in its store. */
export async function describePlace(context: FolderContext, place: ArchivePlace): Promise<string> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 'folder') return folderIn(store, place.dir)
  return `s3://${store.settings.bucket}/${store.settings.prefix}${place.dir}`
}

/** A row that points outside the store is refused: files are deleted by it. */
export function folderIn(store: Pick<FolderStore, 'path'>, dir: string): string {
  const absolute = resolve(store.path, dir)
  const inside = relative(store.path, absolute)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) throw outside(dir)
  return absolute
}

/** The same within a bucket: two names at least, none of which leads elsewhere. */
export function placeIn(dir: string): string {
  const names = dir.split('/')
  if (names.length < 2 || names.some((name) => name === '' || name === '.' || name === '..')) throw outside(dir)
  return dir
}

function outside(dir: string): ServiceError {
  return new ServiceError('INVALID_INPUT', `The archive ${dir} does not lie in the store`, {
    unaffected: 'nothing was changed',
  })
}

/** The snapshot as a server reads it, whole; see ArchivePort.readUnpacked. */
export async function* readUnpackedBackup(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  source: ArchiveSource,
): AsyncGenerator<Uint8Array, void, void> {
  const folder = await openArchiveFolder(context, source)
  try {
    yield* context.archives.readUnpacked(folder.dir)
  } finally {
    await folder.release()
  }
}
