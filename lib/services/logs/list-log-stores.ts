import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { listStoreChoices } from '../stores/list-store-views.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { findLogEnd, measureBehind } from './log-end.ts'
import type { DamagedPieceView, LogStoreView } from './views.ts'

/** How far the log of a cluster is in each of its stores, the built-in folder first. */
export async function listLogStores(context: ServiceContext, clusterId: string): Promise<LogStoreView[]> {
  const rows = await context.db.logMirror.findMany({ where: { clusterId }, orderBy: { id: 'asc' } })
  const sums = await context.db.logPiece.groupBy({
    by: ['storeId'],
    where: { clusterId, sha256: { not: '' } },
    _count: { _all: true },
    _sum: { bytes: true },
  })
  const read = await context.db.logPiece.groupBy({
    by: ['storeId'],
    where: { clusterId, sha256: { not: '' }, verifyOk: true },
    _count: { _all: true },
  })
  const bases = await context.db.logBase.findMany({
    where: { clusterId, sha256: { not: '' }, OR: [{ verifyOk: null }, { verifyOk: true }] },
    orderBy: [{ zxid: 'desc' }, { id: 'asc' }],
    select: { storeId: true, zxid: true },
  })
  const end = await findLogEnd(context, clusterId)
  const names = await namesOf(context)
  const views = rows.map((row): LogStoreView => {
    const sum = sums.find(({ storeId }) => storeId === row.storeId)
    return {
      storeId: row.storeId,
      storeName: names(row.storeId),
      isBuiltIn: row.storeId === DEFAULT_STORE_ID,
      pieces: sum?._count._all ?? 0,
      bytes: Number(sum?._sum.bytes ?? 0),
      readAgain: read.find(({ storeId }) => storeId === row.storeId)?._count._all ?? 0,
      bases: bases.filter(({ storeId }) => storeId === row.storeId).length,
      lastBase: toHex(bases.find(({ storeId }) => storeId === row.storeId)?.zxid),
      behindMs: measureBehind(end, row),
      last: row.lastZxid === null ? null : formatHex64(row.lastZxid),
      lastAt: row.lastTxnAt?.toISOString() ?? null,
      lastOkAt: row.lastOkAt?.toISOString() ?? null,
      missing: row.missing,
      error: parseErrorView(parseJson(row.error)),
    }
  })
  return views.toSorted((a, b) => Number(b.isBuiltIn) - Number(a.isBuiltIn) || (a.storeName < b.storeName ? -1 : 1))
}

const toHex = (zxid: bigint | undefined) => (zxid === undefined ? null : formatHex64(zxid))

/** Pieces and bases that were read again and are not what was written, with where a sound one lies. */
export async function listDamagedPieces(context: ServiceContext, clusterId: string): Promise<DamagedPieceView[]> {
  return [...(await listDamagedOfLog(context, clusterId)), ...(await listDamagedBases(context, clusterId))]
}

async function listDamagedBases(context: ServiceContext, clusterId: string): Promise<DamagedPieceView[]> {
  const rows = await context.db.logBase.findMany({
    where: { clusterId },
    orderBy: [{ zxid: 'asc' }, { id: 'asc' }],
    select: {
      storeId: true,
      zxid: true,
      sha256: true,
      verifyOk: true,
      verifiedAt: true,
      fault: true,
      mendAskedAt: true,
    },
  })
  const damaged = rows.filter(({ verifyOk }) => verifyOk === false)
  if (damaged.length === 0) return []
  const names = await namesOf(context)
  return damaged.map((row): DamagedPieceView => {
    const from = rows.find(({ zxid, sha256, verifyOk }) => zxid === row.zxid && sha256 !== '' && verifyOk !== false)
    return {
      kind: 'base',
      storeId: row.storeId,
      storeName: names(row.storeId),
      first: formatHex64(row.zxid),
      last: formatHex64(row.zxid),
      foundAt: row.verifiedAt?.toISOString() ?? null,
      fault: row.fault ?? 'It is not what was written',
      soundIn: from === undefined ? null : names(from.storeId),
      isAsked: row.mendAskedAt !== null,
    }
  })
}

async function listDamagedOfLog(context: ServiceContext, clusterId: string): Promise<DamagedPieceView[]> {
  const damaged = await context.db.logPiece.findMany({
    where: { clusterId, verifyOk: false },
    orderBy: [{ first: 'asc' }, { id: 'asc' }],
    select: { storeId: true, first: true, last: true, verifiedAt: true, fault: true, mendAskedAt: true },
  })
  if (damaged.length === 0) return []
  const names = await namesOf(context)
  const sound = await context.db.logPiece.findMany({
    where: {
      clusterId,
      first: { in: damaged.map(({ first }) => first) },
      sha256: { not: '' },
      // A plain `not` would leave out what was never read again.
      OR: [{ verifyOk: null }, { verifyOk: true }],
    },
    orderBy: { id: 'asc' },
    select: { storeId: true, first: true, last: true },
  })
  return damaged.map((row): DamagedPieceView => {
    const from = sound.find(({ first, last }) => first === row.first && last >= row.last)
    return {
      kind: 'piece',
      storeId: row.storeId,
      storeName: names(row.storeId),
      first: formatHex64(row.first),
      last: formatHex64(row.last),
      foundAt: row.verifiedAt?.toISOString() ?? null,
      fault: row.fault ?? 'It is not what was written',
      soundIn: from === undefined ? null : names(from.storeId),
      isAsked: row.mendAskedAt !== null,
    }
  })
}

async function namesOf(context: ServiceContext): Promise<(storeId: string) => string> {
  const names = new Map((await listStoreChoices(context)).map(({ id, name }) => [id, name]))
  return (storeId) => names.get(storeId) ?? 'a store that was removed'
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch (_notJson) {
    return null
  }
}
