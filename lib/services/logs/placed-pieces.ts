import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'

/** A piece of a cluster's log as the catalog has it in one store. */
export interface PlacedPiece {
  readonly id: string
  readonly clusterId: string
  readonly storeId: string
  /** Within the store. */
  readonly dir: string
  readonly segment: LogSegment
  readonly index: { readonly bytes: number; readonly sha256: string } | null
  readonly verifiedAt: Date | null
  readonly verifyOk: boolean | null
  readonly putAt: Date
}

/** Size and sum of what lies in a store. */
export const storedOf = (segment: LogSegment) => segment.sealed ?? segment

export const PIECE_COLUMNS = {
  id: true,
  clusterId: true,
  storeId: true,
  dir: true,
  sha256: true,
  facts: true,
  indexBytes: true,
  indexSha256: true,
  verifiedAt: true,
  verifyOk: true,
  putAt: true,
} as const satisfies Prisma.LogPieceSelect

type Row = Prisma.LogPieceGetPayload<{ select: typeof PIECE_COLUMNS }>

/** Null: it is not there, or its row is of a version that is not understood. */
export function toPlacedPiece({ archives }: Pick<ServiceContext, 'archives'>, row: Row): PlacedPiece | null {
  const { id, clusterId, storeId, dir, verifiedAt, verifyOk, putAt } = row
  if (row.sha256 === '') return null
  try {
    const segment = archives.logs.pieces.parse(row.facts, `the row ${id}`)
    const index =
      row.indexBytes === null || row.indexSha256 === null ? null : { bytes: row.indexBytes, sha256: row.indexSha256 }
    return { id, clusterId, storeId, dir, segment, index, verifiedAt, verifyOk, putAt }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return null
  }
}

/** All that is in the stores by the catalog, in order of zxid. */
export async function listPlacedPieces(
  context: Pick<ServiceContext, 'db' | 'archives'>,
  where: { readonly clusterId: string; readonly storeId?: string },
): Promise<PlacedPiece[]> {
  const rows = await context.db.logPiece.findMany({
    where: { ...where, sha256: { not: '' } },
    orderBy: [{ first: 'asc' }, { id: 'asc' }],
    select: PIECE_COLUMNS,
  })
  return rows.flatMap((row) => toPlacedPiece(context, row) ?? [])
}

/** Of what a row says of a piece that lies in a store now. */
export function toPieceColumns(segment: LogSegment, dir: string, nowMs: number) {
  const { bytes, sha256 } = storedOf(segment)
  return {
    dir,
    last: segment.last,
    lastAt: new Date(segment.maxTimeMs),
    bytes: BigInt(bytes),
    sha256,
    facts: toFacts(segment),
    putAt: new Date(nowMs),
    verifiedAt: null,
    verifyOk: null,
    fault: null,
    mendAskedAt: null,
  }
}

/** As in its manifest: 64-bit numbers as hex. */
export function toFacts(segment: LogSegment): Prisma.InputJsonObject {
  const hex = (value: unknown) => (typeof value === 'bigint' ? `0x${BigInt.asUintN(64, value).toString(16)}` : value)
  // A manifest is made of what JSON can hold, by its schema.
  return JSON.parse(JSON.stringify(segment, (_key, value: unknown) => hex(value))) as Prisma.InputJsonObject
}
