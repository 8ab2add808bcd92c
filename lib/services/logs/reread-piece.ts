import { join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { RereadTarget } from '../../domain/retention/reread-plan.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { folderIn, placeIn } from '../stores/archive-folder.ts'
import { MANIFEST_BYTES_MAX } from '../stores/bucket-archive.ts'
import { type BucketStore, getStore, openBucket } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { withTempFolder } from './place-pieces.ts'
import { PIECE_COLUMNS, type PlacedPiece, storedOf, toPlacedPiece } from './placed-pieces.ts'

/** What says that the piece is not what it should be, and not that its store cannot be reached. */
const DAMAGE = ['OBJECT_DAMAGED', 'OBJECT_MISSING', 'MANIFEST_INVALID', 'NOT_FOUND']

export interface PieceTarget extends RereadTarget {
  readonly pieceId: string
}

/** Pieces of a cluster's log, each of which is read again by itself, where its store answers. */
export async function listPieceTargets({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<PieceTarget[]> {
  const away = await db.logMirror.findMany({ where: { clusterId, error: { not: null } }, select: { storeId: true } })
  const rows = await db.logPiece.findMany({
    where: { clusterId, sha256: { not: '' }, storeId: { notIn: away.map(({ storeId }) => storeId) } },
    select: { id: true, bytes: true, putAt: true, verifiedAt: true },
  })
  return rows.map(({ id, bytes, putAt, verifiedAt }) => ({
    id,
    pieceId: id,
    bytes: Number(bytes),
    storedAtMs: putAt.getTime(),
    readAtMs: verifiedAt?.getTime() ?? null,
  }))
}

/** Reads one piece out of its store, to its end, and keeps what came of it. One that was replaced meanwhile says nothing. */
export async function rereadPiece(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  pieceId: string,
): Promise<void> {
  const row = await context.db.logPiece.findUnique({ where: { id: pieceId }, select: PIECE_COLUMNS })
  const place = row && toPlacedPiece(context, row)
  if (!place) return
  const found = await findFault(context, place)
  if (found === 'replaced') return
  const where = { id: place.id, sha256: storedOf(place.segment).sha256 }
  if (found === 'elsewhere') {
    await context.db.logPiece.deleteMany({ where })
    return
  }
  const { fault } = found
  const { count } = await context.db.logPiece.updateMany({
    where,
    data: { verifiedAt: new Date(context.clock.now()), verifyOk: fault === null, fault },
  })
  if (fault === null || count === 0) return
  const after = { store: place.storeId, first: formatHex64(place.segment.first) }
  await writeAudit(context.db, context, { action: 'logs.verify', cluster, outcome: 'failed', after, message: fault })
}

type Found = 'replaced' | 'elsewhere' | { readonly fault: string | null }

async function findFault(context: ServiceContext, place: PlacedPiece): Promise<Found> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 's3') return findFaultInBucket(context, store, place)
  const { pieces } = context.archives.logs
  const dir = folderIn(store, place.dir)
  const now = await pieces.find(dir, place.segment.first)
  if (now !== null && storedOf(now).sha256 !== storedOf(place.segment).sha256 && now.last >= place.segment.last) {
    return 'replaced'
  }
  // The built-in folder is of each host; what another one keeps is not missing here.
  if (now === null && place.storeId === DEFAULT_STORE_ID && (await isElsewhere(context, place))) return 'elsewhere'
  const problems = await pieces.verify(dir, place.segment, { signal: context.signal })
  return { fault: problems[0]?.message ?? null }
}

async function findFaultInBucket(context: ServiceContext, store: BucketStore, place: PlacedPiece): Promise<Found> {
  const { pieces } = context.archives.logs
  const { signal } = context
  const names = pieces.namesOf(place.segment)
  const at = placeIn(place.dir)
  const bucket = await openBucket(context, store)
  try {
    const text = await bucket.getText(`${at}/${names.manifest}`, MANIFEST_BYTES_MAX, signal)
    const now = pieces.parse(text, names.manifest)
    const { bytes, sha256 } = storedOf(place.segment)
    if (storedOf(now).sha256 !== sha256 && now.last >= place.segment.last) return 'replaced'
    return await withTempFolder(context, async (temp) => {
      await bucket.getFile(`${at}/${names.data}`, join(temp, names.data), { bytes, sha256, signal })
      const problems = await pieces.verify(temp, place.segment, { signal })
      return { fault: problems[0]?.message ?? null }
    })
  } catch (error) {
    if (!isArkeeperError(error) || !DAMAGE.includes(error.code)) throw error
    return { fault: error.message }
  }
}

async function isElsewhere({ db }: ServiceContext, { id, clusterId, segment }: PlacedPiece): Promise<boolean> {
  const others = await db.logPiece.count({
    where: { clusterId, first: segment.first, last: { gte: segment.last }, sha256: { not: '' }, id: { not: id } },
  })
  return others > 0
}
