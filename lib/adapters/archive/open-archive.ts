import { createHash, randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { areKindsKnown, hasGaps, type Manifest } from '../../domain/snapshot/manifest.ts'
import { SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import type { AclTable } from '../../domain/snapshot/record.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import type { ByteSource } from './byte-source.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { openContent, plainName, readContent } from './file-form.ts'
import { MEMBER_RAW_BYTES_MAX } from './gzip-member.ts'
import { type IndexedSnapshot, indexSnapshot } from './index-snapshot.ts'
import { readSpan } from './read-blocks.ts'
import { findFileSize, readWholeManifest, snapshotFileOf } from './read-manifest.ts'
import { type Compression, readSnapshotBytes } from './snapshot-file.ts'
import { formatIndex, INDEX_FILE, parseIndex, type SnapshotIndex } from './snapshot-index.ts'
import { SnapshotTree } from './snapshot-tree.ts'
import { sortSnapshot } from './sort-snapshot.ts'
import type { ArchiveReader } from './store.ts'
import { writeNewFile } from './write-file.ts'

class ArchiveTree extends SnapshotTree implements ArchiveReader {
  readonly dir: string
  readonly manifest: Manifest

  constructor(input: ConstructorParameters<typeof SnapshotTree>[0], dir: string, manifest: Manifest) {
    super(input)
    this.dir = dir
    this.manifest = manifest
  }
}

/**
 * Opens an archive by its manifest and index; an index that is missing, damaged or of another file is built anew in memory. The data is
 * checked block by block as it is read (gzip CRC); `verify` proves the whole. Throws ArchiveError or SnapshotError.
 */
export async function openArchive(dir: string, keys: AgeKeys = NO_KEYS): Promise<ArchiveReader> {
  const { manifest, inner } = await readWholeManifest(dir, keys)
  const file = snapshotFileOf(manifest, dir)
  const path = join(dir, file.name)
  const bytes = await findFileSize(path)
  if (bytes === null) throw new ArchiveError('FILE_MISSING', `${file.name} is missing in ${dir}`)
  if (bytes !== file.bytes) {
    throw new ArchiveError('SIZE_MISMATCH', `${path} has ${bytes} bytes, the manifest says ${file.bytes}`, {
      remedy: 'run verify to see what can still be read',
      details: { expected: file.bytes, found: bytes },
    })
  }
  const source = await openContent(path, keys)
  try {
    const known = await readIndex(dir, { manifest, inner, keys })
    const { index, acls } = known
      ? { index: known, acls: await readAcls(source, known) }
      : await buildIndex(source, path)
    // An encrypted one that is made anew would have other sums than the manifest names.
    if (!known && manifest.encryption === undefined) await putBackIndex(dir, manifest, file, index)
    const ownerless = areKindsKnown(manifest) ? 'persistent' : 'unknown'
    const { unreadable } = manifest.fidelity
    const input = { name: path, source, index, acls, ownerless, unreadable, hasGaps: hasGaps(manifest) } as const
    return new ArchiveTree(input, resolve(dir), manifest)
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Of a server's own file, which says which sessions there were: session → timeout in ms. */
class NativeTree extends SnapshotTree {
  readonly sessions: ReadonlyMap<bigint, number>

  constructor(input: ConstructorParameters<typeof SnapshotTree>[0], sessions: ReadonlyMap<bigint, number>) {
    super(input)
    this.sessions = sessions
  }
}

/** A snapshot file by itself: plain, gzip or snappy, in any order. All of it is read and checked first. */
export async function openSnapshotFile(
  path: string,
  compression: Compression,
  signal?: AbortSignal,
  keys: AgeKeys = NO_KEYS,
): Promise<SnapshotTree> {
  const { source, index, head } = await loadSnapshotFile(path, compression, signal, keys)
  const input = { name: path, ownerless: 'persistent', unreadable: [], source, index, acls: head.acls } as const
  return new NativeTree(input, head.sessions)
}

/** A snapshot in path order, with its ends. `source` is the caller's to close. */
export type LoadedSnapshot = IndexedSnapshot & { readonly source: ByteSource }

/** Reads and checks all of a snapshot file, and puts it in path order where it is not. */
export async function loadSnapshotFile(
  path: string,
  compression: Compression,
  signal?: AbortSignal,
  keys: AgeKeys = NO_KEYS,
): Promise<LoadedSnapshot> {
  if (compression !== 'snappy') {
    const source = await openContent(path, keys)
    let indexed: IndexedSnapshot | null = null
    try {
      indexed = await indexSnapshot(source, compression, { signal })
    } finally {
      if (indexed === null) await source.close()
    }
    if (indexed) return { ...indexed, source }
  }
  return sortSnapshot(readSnapshotBytes(path, compression, keys), { signal })
}

async function readIndex(
  dir: string,
  { manifest, inner, keys }: { manifest: Manifest; inner: Manifest; keys: AgeKeys },
): Promise<SnapshotIndex | null> {
  const lying = manifest.files.find(({ name }) => plainName(name) === INDEX_FILE)
  const entry = inner.files.find(({ name }) => name === INDEX_FILE)
  if (!lying || !entry) return null
  const file = snapshotFileOf(inner, dir)
  let bytes: Buffer
  try {
    bytes = await readContent(join(dir, lying.name), keys)
  } catch (error) {
    if (error instanceof AgeError && error.code === 'CIPHERTEXT_DAMAGED') return null
    if (isArkeeperError(error) && error.code === 'NOT_FOUND') return null
    throw toArchiveError(error, `reading the index of ${dir}`)
  }
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256) return null
  return parseIndex(bytes.toString(), { snapshot: file.name, snapshotBytes: file.bytes })
}

/**
 * An index that was lost is put back when what was built is byte for byte the one that the manifest names; until then every opening
 * reads the whole file. A store that cannot be written stays as it is.
 */
async function putBackIndex(
  dir: string,
  manifest: Manifest,
  file: Manifest['files'][number],
  index: SnapshotIndex,
): Promise<void> {
  const text = formatIndex(index, { snapshot: file.name, snapshotBytes: file.bytes })
  const entry = manifest.files.find(({ name }) => name === INDEX_FILE)
  if (entry === undefined || createHash('sha256').update(text).digest('hex') !== entry.sha256) return
  const aside = join(dir, `.${INDEX_FILE}-${randomUUID()}`)
  try {
    await writeNewFile(aside, text)
    await rename(aside, join(dir, INDEX_FILE))
  } catch (error) {
    if (!isErrnoError(error) && !isArkeeperError(error)) throw error
    await rm(aside, { force: true }).catch(() => undefined)
  }
}

async function buildIndex(source: ByteSource, path: string): Promise<{ index: SnapshotIndex; acls: AclTable }> {
  const built = await indexSnapshot(source, 'gzip', { memberBytesMax: MEMBER_RAW_BYTES_MAX })
  if (built) return { index: built.index, acls: built.head.acls }
  throw new ArchiveError(
    'NOT_AN_ARCHIVE',
    `${path} is not laid out as an archive's snapshot: it was made anew by another tool`,
    {
      remedy: 'give the snapshot file itself instead of the archive folder',
    },
  )
}

async function readAcls(source: ByteSource, index: SnapshotIndex): Promise<AclTable> {
  const raw = await readSpan(source, index, index.head)
  async function* whole() {
    yield raw
  }
  const reader = new SnapshotReader(whole())
  return (await reader.readHead()).acls
}
