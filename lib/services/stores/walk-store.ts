import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { ObjectStore } from '../../adapters/s3/object-store.ts'
import { isArkeeperError } from '../../base/errors.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import { type FolderContext, folderIn } from './archive-folder.ts'
import { findManifest, MANIFEST } from './bucket-archive.ts'
import { type CatalogNote, readNoteInBucket, readNoteInFolder } from './catalog-note.ts'
import { openBucket, type Store } from './find-store.ts'

export type FoundArchive =
  | {
      readonly kind: 'archive'
      readonly dir: string
      readonly manifest: Manifest
      readonly archiveBytes: number
      /** Null: nobody has noted what the catalog knew of it. */
      readonly note: CatalogNote | null
    }
  | { readonly kind: 'damaged'; readonly dir: string; readonly message: string }

/** As the archive writer names them. */
export const ARCHIVE_NAME = /^\d{8}T\d{6}Z-[0-9a-f]{1,16}(-\d+)?$/

/**
 * Every archive of a store, told by manifest and sizes alone; what is on its way is not there yet. Throws when the store itself cannot be
 * listed: then nothing is known of what is missing.
 */
export async function* walkStore(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  store: Store,
): AsyncGenerator<FoundArchive, void, void> {
  if (store.kind === 's3') {
    yield* walkBucket(await openBucket(context, store), context.signal)
    return
  }
  for await (const listed of context.archives.list(store.path)) {
    const dir = relative(store.path, listed.dir)
    if (listed.kind === 'damaged') yield { ...listed, dir }
    else yield { ...listed, dir, note: await readNoteInFolder(listed.dir) }
  }
}

async function* walkBucket(
  bucket: ObjectStore,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundArchive, void, void> {
  for await (const cluster of bucket.listFolders('', signal)) {
    for await (const name of bucket.listFolders(`${cluster}/`, signal)) {
      if (ARCHIVE_NAME.test(name)) {
        const found = await inspect(bucket, `${cluster}/${name}`, signal)
        if (found !== null) yield found
      }
    }
  }
}

/** One place of a store, by manifest and sizes alone; null where there is no archive. Throws where a folder's manifest cannot be understood. */
export async function inspectArchive(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  store: Store,
  dir: string,
): Promise<FoundArchive | null> {
  if (store.kind === 's3') return inspect(await openBucket(context, store), dir, context.signal)
  const path = folderIn(store, dir)
  const manifestBytes = await sizeOf(join(path, MANIFEST))
  if (manifestBytes === null) return null
  const manifest = await context.archives.readManifest(path)
  let archiveBytes = manifestBytes
  for (const { name, bytes } of manifest.files) {
    if ((await sizeOf(join(path, name))) !== bytes) {
      return { kind: 'damaged', dir, message: `${name} is missing, or has not the size that the manifest says` }
    }
    archiveBytes += bytes
  }
  return { kind: 'archive', dir, manifest, archiveBytes, note: await readNoteInFolder(path) }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null
}

async function inspect(
  bucket: ObjectStore,
  dir: string,
  signal: AbortSignal | undefined,
): Promise<FoundArchive | null> {
  const sizes = new Map<string, number>()
  for await (const { key, bytes } of bucket.list(`${dir}/`, signal)) sizes.set(key.slice(dir.length + 1), bytes)
  try {
    const manifest = await findManifest(bucket, dir, signal)
    if (manifest === null) return null
    let archiveBytes = manifest.manifestBytes
    for (const { name, bytes } of manifest.files) {
      const found = sizes.get(name)
      if (found === undefined) return { kind: 'damaged', dir, message: `${name} is missing` }
      if (found !== bytes) {
        return { kind: 'damaged', dir, message: `${name} has ${found} bytes, the manifest says ${bytes}` }
      }
      archiveBytes += bytes
    }
    const { manifestBytes: _, ...rest } = manifest
    return { kind: 'archive', dir, manifest: rest, archiveBytes, note: await readNoteInBucket(bucket, dir, signal) }
  } catch (error) {
    if (!isArkeeperError(error) || (error.code !== 'ARCHIVE_DAMAGED' && error.code !== 'OBJECT_DAMAGED')) throw error
    return { kind: 'damaged', dir, message: error.message }
  }
}
