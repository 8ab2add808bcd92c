import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type FolderContext, folderIn, placeIn } from '../stores/archive-folder.ts'
import { MANIFEST_BYTES_MAX } from '../stores/bucket-archive.ts'
import { type BucketStore, getStore, openBucket } from '../stores/find-store.ts'
import type { PlacedPiece } from './placed-pieces.ts'
import { storedOf } from './placed-pieces.ts'

export type PieceContext = FolderContext & Pick<ServiceContext, 'archives'>

/** The folder that a piece lies in, where its store is a folder that this host sees; null: it is to be fetched. */
export async function findPieceFolder(
  context: PieceContext,
  place: PlacedPiece,
): Promise<{ readonly dir: string; readonly segment: LogSegment } | null> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 's3') return null
  const dir = folderIn(store, place.dir)
  const segment = await context.archives.logs.pieces.find(dir, place.segment.first)
  return segment !== null && segment.last >= place.segment.last ? { dir, segment } : null
}

/**
 * A piece out of its store into a folder of this host that is empty, held against its sums. One that has grown since the catalog heard of it
 * comes as it is now.
 */
export async function fetchPiece(context: PieceContext, place: PlacedPiece, into: string): Promise<LogSegment> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 's3') return fetchFromBucket(context, store, place, into)
  const found = await findPieceFolder(context, place)
  if (found === null) throw notThere(place, store.name)
  await context.archives.logs.pieces.put(found.dir, into, found.segment, { signal: context.signal })
  return found.segment
}

async function fetchFromBucket(
  context: PieceContext,
  store: BucketStore,
  place: PlacedPiece,
  into: string,
): Promise<LogSegment> {
  const bucket = await openBucket(context, store)
  const { pieces } = context.archives.logs
  const { signal } = context
  const at = placeIn(place.dir)
  const manifest = pieces.namesOf(place.segment).manifest
  const text = await bucket.getText(`${at}/${manifest}`, MANIFEST_BYTES_MAX, signal)
  const segment = pieces.parse(text, manifest)
  if (segment.last < place.segment.last) throw notThere(place, store.name)
  const names = pieces.namesOf(segment)
  const { bytes, sha256 } = storedOf(segment)
  await bucket.getFile(`${at}/${names.data}`, join(into, names.data), { bytes, sha256, signal })
  if (place.index !== null && sha256 === storedOf(place.segment).sha256) {
    try {
      await bucket.getFile(`${at}/${names.index}`, join(into, names.index), { ...place.index, signal })
    } catch (error) {
      // It is made anew from the piece.
      if (!isArkeeperError(error) || (error.code !== 'OBJECT_MISSING' && error.code !== 'OBJECT_DAMAGED')) throw error
    }
  }
  await writeFile(join(into, names.manifest), text, { flag: 'wx', mode: 0o600 })
  return segment
}

function notThere({ segment }: PlacedPiece, storeName: string): ServiceError {
  const which = `The piece of the log from ${formatHex64(segment.first)} to ${formatHex64(segment.last)}`
  return new ServiceError('ARCHIVE_DAMAGED', `${which} is not in ${storeName}, or not whole`, {
    remedy: 'put it back from a store that has it (settings of the cluster, Transaction log)',
  })
}
