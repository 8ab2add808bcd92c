import { rm, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { type ArkeeperError, formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { cacheOf, fetchArchive, MANIFEST } from './bucket-archive.ts'
import { findPlaceOf, STANDING_COLUMNS } from './find-copies.ts'
import { type FolderStore, getStore } from './find-store.ts'

/** Where an archive lies: a store, and the place within it. */
export interface ArchivePlace {
  readonly storeId: string
  readonly dir: string
}

/** With the id of its backup, a copy stands in where the place itself is not to be had. */
export interface ArchiveSource extends ArchivePlace {
  readonly id?: string
  /** Of that store and no other, whatever is known of it; absent or null: the first one, or a copy where that is not to be had. */
  readonly from?: string | null
}

/** An archive as a folder of this host, for as long as it is not released. */
export interface ArchiveFolder {
  /** Absolute. */
  readonly dir: string
  /** The folder that it must lie in, however its files are linked. */
  readonly root: string
  readonly readFrom: ReadFrom
  release(): Promise<void>
}

export interface OpenArchiveOptions {
  /** Of a bucket: fetched for this use alone, and not taken from the cache. */
  readonly afresh?: boolean
}

export type FolderContext = Pick<
  ServiceContext,
  'db' | 'paths' | 'signal' | 'secrets' | 'objects' | 'clock' | 'newId' | 'log' | 'storeCacheBytes'
>

/**
 * Exactly once, `release` it. What is wrong inside of the archive is for whoever reads it to find; where it is known to be damaged or missing,
 * or its store does not answer, one of its copies is opened instead, unless a store was chosen.
 */
export async function openArchiveFolder(
  context: FolderContext,
  source: ArchiveSource,
  { afresh = false }: OpenArchiveOptions = {},
): Promise<ArchiveFolder> {
  const { id, from = null } = source
  const first = { storeId: source.storeId, dir: source.dir }
  if (id === undefined) return openAt(context, first, { afresh })
  if (from !== null) {
    const { storeId, dir } = await findPlaceOf(context, { ...first, id }, from)
    return openAt(context, { storeId, dir }, { afresh, isChosen: true, mustBeThere: true })
  }
  const known = await context.db.backup.findUnique({
    where: { id },
    select: STANDING_COLUMNS,
  })
  const copies = (known?.copies ?? []).filter(({ verifyOk }) => verifyOk !== false)
  if (copies.length === 0) return openAt(context, first, { afresh })
  const fault =
    known?.missingAt != null ? 'it is missing there' : known?.verifyOk === false ? 'it was found damaged there' : null
  let why: ArkeeperError | null = null
  if (fault === null) {
    try {
      return await openAt(context, first, { afresh, mustBeThere: true })
    } catch (error) {
      throwIfAborted(context.signal)
      // Whoever asks for the bytes as they lie there wants to know that they are bad, and not that others are good.
      const isBad = isArkeeperError(error) && DAMAGE.includes(error.code) && error.code !== 'OBJECT_MISSING'
      if (!isArkeeperError(error) || (afresh && isBad)) throw error
      why = error
    }
  }
  for (const { storeId, dir } of copies) {
    try {
      const folder = await openAt(context, { storeId, dir }, { afresh, mustBeThere: true })
      const from = await getStore(context, first.storeId).catch(() => null)
      // Where exactly, and what the store said, is for the log: whoever reads the note may not know the store.
      const reason = fault ?? `it could not be read there (${why?.code})`
      const note = `It is the copy, not what was put first into ${from?.name ?? 'a store that was removed'}: ${reason}`
      const facts = { backup: id, store: storeId, error: why === null ? undefined : formatErrorLine(why) }
      context.log.warn(facts, note)
      return { ...folder, readFrom: { ...folder.readFrom, note } }
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
    }
  }
  // No copy helps: what is wrong with the first place is what is told.
  return openAt(context, first, { afresh })
}

/** What says that the archive is not what it should be, and not that its store cannot be reached. */
export const DAMAGE: readonly string[] = ['OBJECT_DAMAGED', 'OBJECT_MISSING', 'ARCHIVE_DAMAGED']

/** A whole archive of this place, read from the store itself and from no cache; to be released. */
export function openArchiveAnew(context: FolderContext, place: ArchivePlace): Promise<ArchiveFolder> {
  return openAt(context, place, { afresh: true })
}

interface OpenAtOptions {
  readonly mustBeThere?: boolean
  readonly afresh?: boolean
  readonly isChosen?: boolean
}

async function openAt(
  context: FolderContext,
  place: ArchivePlace,
  { mustBeThere = false, afresh = false, isChosen = false }: OpenAtOptions = {},
): Promise<ArchiveFolder> {
  const store = await getStore(context, place.storeId)
  const readFrom = { storeId: store.id, store: store.name, isChosen, note: null }
  if (store.kind === 'folder') {
    const dir = folderIn(store, place.dir)
    if (mustBeThere) await assertThere(dir)
    return { readFrom: { ...readFrom, how: 'in-place' }, dir, root: store.path, release: async () => undefined }
  }
  const cache = cacheOf(context)
  const at = placeIn(place.dir)
  if (!afresh) {
    const { dir, release } = await cache.borrow(cacheKeyOf(place), (into) => fetchArchive(context, store, at, into))
    return { readFrom: { ...readFrom, how: 'cache' }, dir, root: cache.root, release }
  }
  const dir = await cache.makeTemp()
  const release = () => rm(dir, { recursive: true, force: true })
  try {
    await fetchArchive(context, store, at, dir)
    return { readFrom: { ...readFrom, how: 'afresh' }, dir, root: cache.root, release }
  } catch (error) {
    await release()
    throw error
  }
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
  options: OpenArchiveOptions = {},
): Promise<T> {
  const folder = await openArchiveFolder(context, source, options)
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
