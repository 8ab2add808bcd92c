import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ObjectStore } from '../../adapters/s3/object-store.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import type { OnProgress } from '../engine/progress.ts'
import { ServiceError } from '../errors.ts'
import { ArchiveCache } from './archive-cache.ts'
import { type BucketStore, openBucket } from './find-store.ts'
import { uploadBookOf } from './upload-book.ts'

export const MANIFEST = 'manifest.json'
/** More than any manifest has: its lists end at ten thousand paths. */
export const MANIFEST_BYTES_MAX = 64 << 20
const NAMES_MAX = 100
const CACHE_BYTES = 20 * 2 ** 30

type BucketContext = Pick<ServiceContext, 'objects' | 'db' | 'clock' | 'newId' | 'signal'>

export interface PutArchive {
  /** Within the store. */
  readonly dir: string
  readonly storedProof: 'read-back' | 'part-sums'
  readonly lockedUntil: Date | null
}

/**
 * Sends an archive that lies in a folder. The manifest goes last: whoever lists the store meanwhile finds no archive there. What an earlier
 * try has sent is gone on with; another archive of the same name gets a counter behind it, as in the archive writer.
 */
export async function putArchive(
  context: BucketContext,
  store: BucketStore,
  archive: {
    readonly dir: string
    readonly folder: string
    readonly name?: string
    readonly avoid?: ReadonlySet<string>
  },
  onProgress?: OnProgress,
): Promise<PutArchive> {
  const bucket = await openBucket(context, store)
  const { folder, dir } = archive
  const text = await readFile(join(dir, MANIFEST), 'utf8')
  const manifest = parseManifest(text, dir)
  const base = archive.name ?? basename(dir)
  for (let n = 1; n <= NAMES_MAX; n++) {
    const place = `${folder}/${laterName(base, n - 1)}`
    if (archive.avoid?.has(place)) continue
    const known = await findManifest(bucket, place, context.signal)
    if (known !== null && known.id !== manifest.id) continue
    try {
      return { dir: place, ...(await putFiles(context, store, { dir, manifest, place, text }, onProgress)) }
    } catch (error) {
      if (!isArkeeperError(error) || error.code !== 'OBJECT_EXISTS') throw error
    }
  }
  throw new ServiceError('NAME_TAKEN', `${NAMES_MAX} archives of the name ${base} are in ${store.name} already`)
}

async function putFiles(
  context: BucketContext,
  store: BucketStore,
  archive: { readonly dir: string; readonly manifest: Manifest; readonly place: string; readonly text: string },
  onProgress?: OnProgress,
): Promise<Omit<PutArchive, 'dir'>> {
  const bucket = await openBucket(context, store)
  const { files } = archive.manifest
  const { signal, clock } = context
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const startedAt = clock.now()
  let before = 0
  let storedProof: PutArchive['storedProof'] = 'read-back'
  const locks: (Date | null)[] = []
  for (const { name, bytes, sha256 } of files) {
    const put = await bucket.putFile(`${archive.place}/${name}`, join(archive.dir, name), {
      bytes,
      sha256,
      book: uploadBookOf(context, store.id),
      signal,
      onProgress: (done) => {
        const sent = before + done.bytes
        const seconds = Math.max(clock.now() - startedAt, 1) / 1000
        const ratePerSecond = sent / seconds
        const etaMs = ratePerSecond > 0 ? Math.round(((total - sent) / ratePerSecond) * 1000) : null
        onProgress?.({ stage: `Sending to ${store.name}`, done: 0, total: null, bytes: sent, ratePerSecond: 0, etaMs })
      },
    })
    before += bytes
    if (put.proof === 'part-sums') storedProof = 'part-sums'
    locks.push(put.lockedUntil)
  }
  const key = `${archive.place}/${MANIFEST}`
  const there = await bucket.head(key, signal)
  const stored = there ?? (await bucket.putText(key, archive.text, signal))
  locks.push(stored.lockedUntil)
  const until = locks.flatMap((lock) => (lock === null ? [] : [lock.getTime()]))
  return { storedProof, lockedUntil: until.length === 0 ? null : new Date(Math.max(...until)) }
}

/** Null where there is no manifest; one that cannot be understood is thrown. */
export async function findManifest(
  bucket: ObjectStore,
  place: string,
  signal?: AbortSignal,
): Promise<(Manifest & { readonly manifestBytes: number }) | null> {
  let text: string
  try {
    text = await bucket.getText(`${place}/${MANIFEST}`, MANIFEST_BYTES_MAX, signal)
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'OBJECT_MISSING') return null
    throw error
  }
  return { ...parseManifest(text, place), manifestBytes: Buffer.byteLength(text) }
}

export function parseManifest(text: string, place: string): Manifest {
  let json: unknown = null
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ServiceError(
    'ARCHIVE_DAMAGED',
    `The manifest of ${place} is not valid: ${issue?.path.join('.')}: ${issue?.message}`,
    { remedy: 'use a copy in another store' },
  )
}

/** Every file of an archive into an empty folder, each held against the manifest. */
export async function fetchArchive(
  context: BucketContext,
  store: BucketStore,
  place: string,
  into: string,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  const bucket = await openBucket(context, store)
  const { signal } = context
  const text = await bucket.getText(`${place}/${MANIFEST}`, MANIFEST_BYTES_MAX, signal)
  const { files } = parseManifest(text, place)
  let before = 0
  for (const { name, bytes, sha256 } of files) {
    await bucket.getFile(`${place}/${name}`, join(into, name), {
      bytes,
      sha256,
      signal,
      onProgress: (done) => onProgress?.(before + done),
    })
    before += bytes
  }
  await writeFile(join(into, MANIFEST), text, { flag: 'wx', mode: 0o600 })
}

/** The manifest goes first: from then on there is no archive, whatever becomes of its files. */
export async function removeFromBucket(context: BucketContext, store: BucketStore, place: string): Promise<void> {
  const bucket = await openBucket(context, store)
  const keys: string[] = []
  for await (const { key } of bucket.list(`${place}/`, context.signal)) keys.push(key)
  const manifest = `${place}/${MANIFEST}`
  await bucket.remove([manifest, ...keys.filter((key) => key !== manifest)], context.signal)
}

const CACHES = new Map<string, ArchiveCache>()

/** One a process and folder, as the processes of a host share theirs. */
export function cacheOf({ paths, storeCacheBytes }: Pick<ServiceContext, 'paths' | 'storeCacheBytes'>): ArchiveCache {
  const root = join(paths.workDir, 'archives')
  const known = CACHES.get(root) ?? new ArchiveCache(root, storeCacheBytes ?? CACHE_BYTES)
  CACHES.set(root, known)
  return known
}
