import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { type DataDir, findDataDir } from './data-dir.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { detectForeign, type ForeignForm, isForeignForm, openForeign } from './imports/open-foreign.ts'
import { holdsDataDir, withUnpackedDataDir } from './imports/unpack-data-dir.ts'
import { openArchive, openSnapshotFile } from './open-archive.ts'
import { openDataDir } from './open-data-dir.ts'
import { findFileSize, MANIFEST_FILE } from './read-manifest.ts'
import { detectCompression } from './snapshot-file.ts'

export type LocalPath =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'foreign'; readonly path: string; readonly form: ForeignForm }
  /** A server's files in a tar. */
  | { readonly kind: 'packed-datadir'; readonly path: string }
  | { readonly kind: 'archive'; readonly dir: string }
  | ({ readonly kind: 'datadir' } & DataDir)

const NAMED_FORM = /^(zoocreeper|zoonavigator|zk-shell|jsonl|directory):(.+)$/s

/**
 * What a path on this machine is; `form:path` names the form of another tool's file, which is told by its content otherwise. A folder of any
 * files is one only when it is named so: nothing about it tells. Throws ArchiveError NOT_FOUND, DENIED or NOT_A_SNAPSHOT, and ImportError.
 */
export async function identifyPath(path: string): Promise<LocalPath> {
  const [, form, named] = NAMED_FORM.exec(path) ?? []
  try {
    if (form !== undefined && named !== undefined && isForeignForm(form)) {
      await stat(named)
      return { kind: 'foreign', path: named, form }
    }
    const found = await stat(path)
    if (!found.isDirectory()) return found.isFile() ? await identifyFile(path) : { kind: 'file', path }
    if ((await findFileSize(join(path, MANIFEST_FILE))) !== null) return { kind: 'archive', dir: path }
    const dataDir = await findDataDir(path)
    if (dataDir) return { kind: 'datadir', ...dataDir }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  throw new ArchiveError('NOT_A_SNAPSHOT', `${path} is neither an archive nor a data directory`, {
    remedy: `give a snapshot file, an archive folder, or a data directory (version-2 or its parent); directory:${path} takes its files for znodes`,
  })
}

async function identifyFile(path: string): Promise<LocalPath> {
  const detected = await detectForeign(path)
  if (detected === 'tar') {
    return (await holdsDataDir(path)) ? { kind: 'packed-datadir', path } : { kind: 'foreign', path, form: 'directory' }
  }
  return detected !== null && isForeignForm(detected)
    ? { kind: 'foreign', path, form: detected }
    : { kind: 'file', path }
}

/**
 * A snapshot file, an archive folder, a data directory or another tool's file as a tree. A data directory is shown as of the last transaction that its logs prove
 * (`openDataDir`). Throws ArchiveError, or SnapshotError for a damaged file.
 */
export async function openPath(
  path: string,
  options: { signal?: AbortSignal; keys?: AgeKeys } = {},
): Promise<TreeReader> {
  const place = await identifyPath(path)
  if (place.kind === 'archive') return openArchive(place.dir, options.keys)
  if (place.kind === 'foreign') return openForeign(place.path, place.form, options)
  if (place.kind === 'packed-datadir') {
    return withUnpackedDataDir(place.path, (dir) => openDataDir(dir, options), options.signal)
  }
  if (place.kind === 'file') {
    const compression = await detectCompression(place.path, options.keys)
    return openSnapshotFile(place.path, compression, options.signal, options.keys)
  }
  return openDataDir(place.dir, options)
}
